/* memory.c -- /proc/meminfo and the cgroup files. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 4600, LINE_ROOM = 4300 };

/* A version of cgroups: where its memory controller is mounted, and what its files are called. */
typedef struct cgroup_files {
    const char *mount, *limit, *used, *inactive; /* inactive: a line of memory.stat */
} cgroup_files;

static const cgroup_files version1 = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                      "memory.usage_in_bytes", "total_inactive_file"};
static const cgroup_files version2 = {"/sys/fs/cgroup", "memory.max", "memory.current",
                                      "inactive_file"};

/* A file below root, "re"; NULL if it is not there. */
static FILE *open_below(const char *root, const char *folder, const char *name)
{
    char path[PATH_ROOM];
    const int length = snprintf(path, sizeof path, "%s%s/%s", root, folder, name);
    return length >= 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* The number behind this name on a line of its own, the first if name is ""; -1 for none, and for
 * "max".  Closes the file, which may be NULL. */
static int64_t find_number(FILE *file, const char *name)
{
    char line[256];
    int64_t number = -1;
    const size_t length = strlen(name);
    if (!file) return -1;
    while (number < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, length) != 0) continue;
        if (length > 0 && line[length] != ':' && line[length] != ' ') continue;
        if (sscanf(line + length + (line[length] == ':'), "%" SCNd64, &number) != 1) number = -1;
    }
    fclose(file);
    return number;
}

/* A line of /proc/meminfo, in bytes; 0 if it is not there. */
static int64_t meminfo(const char *root, const char *name)
{
    const int64_t kilobytes = find_number(open_below(root, "/proc", "meminfo"), name);
    return kilobytes > 0 ? kilobytes * 1024 : 0;
}

/* Lowers *total and *available to what the cgroup of this name allows. */
static void respect(const char *root, const cgroup_files *files, const char *name, int64_t *total,
                    int64_t *available)
{
    char folder[PATH_ROOM];
    snprintf(folder, sizeof folder, "%s%s", files->mount, name);
    const int64_t limit = find_number(open_below(root, folder, files->limit), "");
    if (limit <= 0) return;
    if (limit < *total) *total = limit;
    int64_t used = find_number(open_below(root, folder, files->used), "");
    const int64_t cached = find_number(open_below(root, folder, "memory.stat"), files->inactive);
    if (cached > 0) used -= cached;
    if (used < 0) used = 0;
    const int64_t left = used < limit ? limit - used : 0;
    if (left < *available) *available = left;
}

/* Which version a line "N:controllers:/name" of /proc/self/cgroup is of, NULL if it has no say on
 * memory; *name is the cgroup's. */
static const cgroup_files *read_line(char *line, char **name)
{
    char *controllers = strchr(line, ':');
    char *colon = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!colon) return NULL;
    *colon = '\0';
    *name = colon + 1;
    if (!controllers[1]) return &version2;
    for (char *one = controllers + 1; *one;) {
        const size_t length = strcspn(one, ",");
        if (length == strlen("memory") && strncmp(one, "memory", length) == 0) return &version1;
        one += length + (one[length] == ',');
    }
    return NULL;
}

/* Every cgroup from this process's own up to the root may hold a limit.  In a container the name
 * may be that of the host; then its folder is not there, and the root is the container's. */
static void respect_cgroups(const char *root, int64_t *total, int64_t *available)
{
    char line[LINE_ROOM], *name;
    FILE *file = open_below(root, "/proc/self", "cgroup");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        const cgroup_files *files = read_line(line, &name);
        if (!files) continue;
        respect(root, files, name, total, available);
        for (char *slash; (slash = strrchr(name, '/'));) {
            *slash = '\0';
            respect(root, files, name, total, available);
        }
    }
    fclose(file);
}

void lg_memory_read_below(const char *root, int64_t *total, int64_t *available)
{
    *total = meminfo(root, "MemTotal");
    *available = meminfo(root, "MemAvailable");
    respect_cgroups(root, total, available);
}

void lg_memory_read(int64_t *total, int64_t *available)
{
    lg_memory_read_below("", total, available);
}

int lg_processor_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        const int count = CPU_COUNT(&set);
        if (count > 0) return count;
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}
