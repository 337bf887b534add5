/* test_memory.c -- memory that is left, as machines and cgroups of both versions write it. */
/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "tests/small_set.h"

Suite *lg_suite_memory(void);

#define MEMINFO                                                                                    \
    {                                                                                              \
        "proc/meminfo", "MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    800 kB\n"       \
    }
#define V1 "sys/fs/cgroup/memory/"
#define V2 "sys/fs/cgroup/"

enum { MOST_FILES = 8 };

/* A machine with 1024000 bytes, 819200 of them available, and its cgroups. */
static const struct {
    const char *name;
    struct {
        const char *path, *text;
    } file[MOST_FILES];
    int64_t total, available;
} machines[] = {
    {"no cgroups", {MEMINFO}, 1024000, 819200},
    {"no meminfo", {{"proc/other", ""}}, 0, 0},
    {"version 2, nested: the middle one limits",
     {MEMINFO,
      {"proc/self/cgroup", "0::/a/b\n"},
      {V2 "a/b/memory.max", "max\n"},
      {V2 "a/memory.max", "500000\n"},
      {V2 "a/memory.current", "100000\n"}},
     500000,
     400000},
    {"version 2, the root of a container",
     {MEMINFO,
      {"proc/self/cgroup", "0::/host/name\n"},
      {V2 "memory.max", "500000\n"},
      {V2 "memory.current", "100000\n"}},
     500000,
     400000},
    {"version 2, files that may go",
     {MEMINFO,
      {"proc/self/cgroup", "0::/\n"},
      {V2 "memory.max", "500000\n"},
      {V2 "memory.current", "450000\n"},
      {V2 "memory.stat", "anon 1\ninactive_file_x 7\ninactive_file 50000\nactive_file 9\n"}},
     500000,
     100000},
    {"version 2, all of it used",
     {MEMINFO,
      {"proc/self/cgroup", "0::/\n"},
      {V2 "memory.max", "500000\n"},
      {V2 "memory.current", "500000\n"}},
     500000,
     0},
    {"version 1, this process's own",
     {MEMINFO,
      {"proc/self/cgroup", "5:cpu,cpuacct:/x\n4:hugetlb,memory:/x/y\n1:name=systemd:/x\n"},
      {V1 "x/y/memory.limit_in_bytes", "300000\n"},
      {V1 "x/y/memory.usage_in_bytes", "200000\n"},
      {V1 "x/y/memory.stat", "inactive_file 1\ntotal_inactive_file 30000\n"},
      {V1 "x/memory.limit_in_bytes", "9223372036854771712\n"},
      {V1 "x/memory.usage_in_bytes", "900000\n"}},
     300000,
     130000},
    {"version 1, the root, where the name is the host's",
     {MEMINFO,
      {"proc/self/cgroup", "4:memory:/docker/abc\n"},
      {V1 "memory.limit_in_bytes", "300000\n"},
      {V1 "memory.usage_in_bytes", "310000\n"}},
     300000,
     0},
    {"version 1, another controller's folder says nothing",
     {MEMINFO,
      {"proc/self/cgroup", "4:memory_x:/x\n"},
      {V1 "x/memory.limit_in_bytes", "300000\n"},
      {V1 "x/memory.usage_in_bytes", "1\n"}},
     1024000,
     819200},
};

static void write_below(const char *path, const char *text)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", small_set_path(path));
    *strrchr(folder, '/') = '\0';
    ck_assert_int_eq(lg_folder_make(folder, NULL), LOGIT_OK);
    FILE *file = fopen(small_set_path(path), "wb");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(every_limit_on_the_way_counts)
{
    int64_t total, available;
    for (int i = 0; i < MOST_FILES && machines[_i].file[i].path; i++)
        write_below(machines[_i].file[i].path, machines[_i].file[i].text);
    lg_memory_read_below(small_set_path(""), &total, &available);
    ck_assert_msg(total == machines[_i].total && available == machines[_i].available,
                  "%s: %lld in all, %lld left", machines[_i].name, (long long)total,
                  (long long)available);
}
END_TEST

Suite *lg_suite_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *all = tcase_create("memory");
    tcase_add_checked_fixture(all, small_set_begin, small_set_end);
    tcase_add_loop_test(all, every_limit_on_the_way_counts, 0,
                        (int)(sizeof machines / sizeof *machines));
    suite_add_tcase(suite, all);
    return suite;
}
