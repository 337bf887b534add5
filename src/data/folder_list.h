/* folder_list.h -- the image files under a folder, found once, opened again at any time.
 *
 * Layer 1 (data).  Holds every name once and 12 bytes per file.  Paths may be longer than the
 * system takes in one call: they are then opened folder by folder.  A listing that is complete is
 * read-only: any thread may open its files.
 *
 * What is a file to be listed is told by its name: see lg_folder_list_wants. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_FOLDER_LIST_H
#define LG_DATA_FOLDER_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "data/folder_scan.h"
#include "data/folder_seen.h"
#include "logit.h"

/* A folder that was entered.  Folder 0 is the root, its own parent. */
typedef struct lg_list_folder {
    uint64_t name; /* offset in the names */
    uint32_t parent;
} lg_list_folder;

typedef struct lg_folder_list {
    char *root; /* its path, for messages */
    int fd;     /* of it */
    uint64_t device, inode;
    lg_names names;
    lg_list_folder *folder; /* [folders] */
    uint32_t folders, folder_room;
    uint64_t *file_name;   /* [files] offset in the names */
    uint32_t *file_folder; /* [files] */
    int64_t files, file_room;
    int64_t hidden, stray;    /* left aside: names that begin with '.'; what is no image */
    char stray_example[256];  /* path of the first of them, escaped */
    lg_seen seen;             /* while listing */
    const logit_watch *watch; /* while listing; may be NULL */
} lg_folder_list;

/* Opens the folder at path and reads what lies in it into top, which the caller clears.  Errors:
 * IO, NOMEM.  The listing may be closed whatever happened. */
logit_status lg_folder_list_open(lg_folder_list *list, const char *path, lg_scan *top,
                                 const logit_watch *watch, logit_error *err);
void lg_folder_list_close(lg_folder_list *list);

/* Adds all images under the root's folder `name` (an offset in the names), bytewise by path.
 * Folders are entered once each, also where links lead to them again.  Errors: IO (a folder that
 * cannot be read), DATA [LIMIT] (more than 2^31 - 1 files), NOMEM, STOPPED. */
logit_status lg_folder_list_add(lg_folder_list *list, uint64_t name, logit_error *err);

/* Gives back what only listing needs, and memory that is left over. */
void lg_folder_list_finish(lg_folder_list *list);

/* 1: an image by its name, also one of a kind that cannot be decoded (such a sample is bad: it
 * must not vanish in silence).  0: left aside as a stray. */
int lg_folder_list_wants(const char *name);

/* Counts a stray: `name` in the folder that was entered as number `folder`. */
void lg_folder_list_stray(lg_folder_list *list, uint32_t folder, uint64_t name);

/* Path of file i below the root, "cats/1.jpg", cut if it does not fit.  Returns the length it
 * has, as snprintf does. */
size_t lg_folder_list_path(const lg_folder_list *list, int64_t i, char *out, size_t size);

/* Where file i can be opened: *at and *leaf for openat.  *at is to be closed by
 * lg_folder_list_leave; room[size] may hold the leaf.  Errors: IO, NOMEM. */
logit_status lg_folder_list_reach(const lg_folder_list *list, int64_t i, char *room, size_t size,
                                  int *at, const char **leaf, logit_error *err);
void lg_folder_list_leave(const lg_folder_list *list, int at);

/* Size and time of file i.  Error: IO. */
logit_status lg_folder_list_stat(const lg_folder_list *list, int64_t i, struct stat *info,
                                 logit_error *err);

#endif
