/* command_rig.c -- a shell, a folder and a few images for the tests of the built command. */
/* SPDX-License-Identifier: MIT */
#include "tests/command_rig.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/philox.h"

enum { SIDE = 8, NOISE = 120, PATIENCE = 30 };

static char folder[64];

static const char *path_of(const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", folder, name);
    return out;
}

/* Dark and light overlap, so that a model of them is good and not perfect. */
void draw_image(const char *path, int level, int number)
{
    FILE *out = fopen(path, "wb");
    ck_assert_msg(out != NULL, "%s", path);
    fprintf(out, "P6\n%d %d\n255\n", SIDE, SIDE);
    for (uint64_t i = 0; i < SIDE * SIDE * 3; i++) {
        const uint64_t stream = lg_stream_id(LG_STREAM_TEST, (uint32_t)number);
        const int noise = (int)lg_random_below(1, stream, i, 2 * NOISE + 1) - NOISE;
        const int value = level + noise;
        fputc(value < 0 ? 0 : value > 255 ? 255 : value, out);
    }
    ck_assert_int_eq(fclose(out), 0);
}

static void draw_class(const char *part, const char *name, int level, int count)
{
    char path[256];
    snprintf(path, sizeof path, "%s/set/%s/%s", folder, part, name);
    ck_assert_int_eq(lg_folder_make(path, NULL), LOGIT_OK);
    const size_t used = strlen(path);
    for (int i = 0; i < count; i++) {
        snprintf(path + used, sizeof path - used, "/%03d.ppm", i);
        draw_image(path, level, level * 1000 + i + (strcmp(part, "test") == 0 ? 500 : 0));
    }
}

int shell(const char *line)
{
    char *command = NULL;
    ck_assert_int_gt(asprintf(&command, "exec >\"$DIR/out\" 2>\"$DIR/err\" </dev/null\n%s", line),
                     0);
    const int status = system(command);
    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *text_of(const char *name)
{
    char path[256];
    lg_bytes bytes = {0};
    const logit_status status =
        lg_file_read(AT_FDCWD, path_of(name, path, sizeof path), 1 << 26, &bytes, NULL);
    ck_assert_msg(status == LOGIT_OK, "%s cannot be read", path);
    char *text = strndup(bytes.data ? (const char *)bytes.data : "", bytes.size);
    lg_bytes_clear(&bytes);
    return text;
}

void expect(int code, const char *line)
{
    const int got = shell(line);
    if (got == code) return;
    char *out = text_of("out"), *err = text_of("err");
    ck_abort_msg("exit code %d, expected %d, of: %s\n%.2000s\n%.2000s", got, code, line, out, err);
}

void command_setup(void)
{
    const char *program = getenv("LOGIT_BIN");
    char absolute[4096];
    if (!program) program = "build/logit";
    ck_assert_msg(realpath(program, absolute) != NULL, "%s is not built", program);
    strcpy(folder, "/tmp/logit-command-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    setenv("LOGIT", absolute, 1);
    setenv("DIR", folder, 1);
    unsetenv("NO_COLOR");
    draw_class("train", "dark", 80, 24);
    draw_class("train", "light", 175, 24);
    draw_class("test", "dark", 80, 8);
    draw_class("test", "light", 175, 8);
    expect(0, "\"$LOGIT\" train \"$DIR/set\" -o \"$DIR/run\" -q");
}

void command_teardown(void)
{
    shell("exec rm -rf \"$DIR\" >/dev/null 2>&1");
}

static void send_to(const char *name, const char *suffix, int fd)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || dup2(file, fd) < 0) _exit(99);
}

pid_t start(const char *name, const char *const *words)
{
    char *argv[32] = {(char *)"logit"};
    for (int i = 0; words[i]; i++) argv[i + 1] = (char *)words[i];
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no program outlives a test that failed */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL); /* which nohup has it ignore */
    send_to(name, "out", STDOUT_FILENO);
    send_to(name, "err", STDERR_FILENO);
    execv(getenv("LOGIT"), argv);
    _exit(98);
}

void await_text(const char *name, const char *text)
{
    const double end = lg_seconds() + PATIENCE;
    for (int found = 0; !found; usleep(10000)) {
        char path[256];
        if (access(path_of(name, path, sizeof path), R_OK) != 0) continue;
        char *holds = text_of(name);
        found = strstr(holds, text) != NULL;
        ck_assert_msg(found || lg_seconds() < end, "%s does not come to hold \"%s\": %.500s", name,
                      text, holds);
        free(holds);
    }
}

int finish(pid_t program)
{
    int status = 0;
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
