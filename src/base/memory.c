/* memory.c -- /proc/meminfo and the cgroup files. */
/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "Name:   123 kB" of /proc/meminfo, in bytes; 0 if it is not there. */
static int64_t meminfo(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return 0;
    char line[256];
    int64_t kilobytes = 0;
    const size_t length = strlen(name);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            sscanf(line + length + 1, "%" SCNd64, &kilobytes);
    fclose(file);
    return kilobytes * 1024;
}

/* The number in a cgroup file; -1 for "max", nonsense or no such file. */
static int64_t cgroup_number(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "/sys/fs/cgroup%.400s/%s", folder, name);
    FILE *file = fopen(path, "re");
    int64_t number = -1;
    if (!file) return -1;
    if (fscanf(file, "%" SCNd64, &number) != 1) number = -1;
    fclose(file);
    return number;
}

/* Lowers *total and *available to what the cgroup in this folder allows. */
static void respect(const char *folder, const char *limit_name, const char *used_name,
                    int64_t *total, int64_t *available)
{
    const int64_t limit = cgroup_number(folder, limit_name);
    const int64_t used = cgroup_number(folder, used_name);
    if (limit <= 0) return;
    if (limit < *total) *total = limit;
    const int64_t left = used >= 0 && used < limit ? limit - used : limit;
    if (left < *available) *available = left;
}

/* Every cgroup from this process's own up to the root may hold a limit. */
static void respect_cgroups(int64_t *total, int64_t *available)
{
    char line[480];
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *folder = strncmp(line, "0::", 3) == 0 ? line + 3 : NULL;
        while (folder && *folder) {
            respect(folder, "memory.max", "memory.current", total, available);
            char *slash = strrchr(folder, '/');
            if (!slash) break;
            *slash = '\0';
        }
    }
    fclose(file);
    respect("/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", total, available);
}

void lg_memory_read(int64_t *total, int64_t *available)
{
    *total = meminfo("MemTotal");
    *available = meminfo("MemAvailable");
    respect_cgroups(total, available);
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
