/* tar_walk.c -- libarchive, fed from a window that skips what it does not ask for. */
/* SPDX-License-Identifier: MIT */
#include "data/tar_walk.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { SHOWN = 200 };

typedef struct walk {
    lg_tar_file *file;
    struct archive *archive;
    lg_tar_member member;
    int64_t least;       /* the next header cannot lie before */
    int64_t at;          /* what libarchive reads next */
    int64_t end;         /* of the member before, padded; -1: not known */
    logit_status status; /* of a callback that failed */
    logit_error *err;
} walk;

/* ------------------------------------------------------------------ what libarchive calls --- */

static la_ssize_t give_bytes(struct archive *archive, void *user, const void **bytes)
{
    walk *w = user;
    w->status = lg_tar_file_read(w->file, w->at, w->err);
    if (w->status != LOGIT_OK) {
        archive_set_error(archive, EIO, "cannot be read");
        return ARCHIVE_FATAL;
    }
    *bytes = w->file->window;
    w->at += (int64_t)w->file->window_size;
    return (la_ssize_t)w->file->window_size;
}

static la_int64_t skip_bytes(struct archive *archive, void *user, la_int64_t request)
{
    walk *w = user;
    (void)archive;
    const int64_t left = w->file->bytes - w->at;
    const int64_t skip = request < left ? request : left;
    w->at += skip > 0 ? skip : 0;
    return skip > 0 ? skip : 0;
}

/* ------------------------------------------------------------------------ what goes wrong --- */

/* A compressed tar is told by its first bytes. */
static logit_status refuse_compressed(const lg_tar_file *file, logit_error *err)
{
    static const struct {
        const char *magic;
        size_t size;
        const char *name, *command;
    } packers[] = {
        {"\x1f\x8b", 2, "gzip", "gunzip"},
        {"BZh", 3, "bzip2", "bunzip2"},
        {"\xfd"
         "7zXZ",
         5, "xz", "unxz"},
        {"\x28\xb5\x2f\xfd", 4, "zstd", "unzstd"},
        {"\x04\x22\x4d\x18", 4, "lz4", "unlz4"},
        {"\x1f\x9d", 2, "compress", "uncompress"},
    };
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++)
        if (file->window_size >= packers[i].size &&
            !memcmp(file->window, packers[i].magic, packers[i].size))
            LG_TAR_BAD(err, file, 0, "UNSUP",
                       "compressed with %s; decompress it (%s): samples are read from any place",
                       packers[i].name, packers[i].command);
    return LOGIT_OK;
}

/* libarchive gave up: the headers may say better why.  Once it has it does not tell the place any
 * more, but behind a plain member that is known. */
static logit_status explain(walk *w, int got, logit_error *err)
{
    char shown[SHOWN];
    if (w->status != LOGIT_OK) return w->status;
    const int64_t at = got == ARCHIVE_RETRY ? archive_read_header_position(w->archive) : w->end;
    if (at >= 0) LG_TRY(lg_tar_member_read(&w->member, w->file, at, err));
    const char *why = archive_error_string(w->archive);
    LG_TAR_BAD(err, w->file, at >= 0 ? at : w->least, w->at < w->file->bytes ? "FORMAT" : "TRUNC",
               "%s", lg_text_escape(shown, sizeof shown, why ? why : "cannot be read as a tar"));
}

/* -------------------------------------------------------------------------------- walking --- */

/* Holds libarchive's answer against the headers. */
static logit_status check_member(walk *w, struct archive_entry *entry, logit_error *err)
{
    lg_tar_member *member = &w->member;
    const int64_t at = archive_read_header_position(w->archive);
    if (w->end >= 0 && at != w->end)
        LG_TAR_BAD(err, w->file, at, "FORMAT", "a header, where byte %lld was expected to be one",
                   (long long)w->end);
    if (at < w->least) /* so that a walk always ends */
        LG_TAR_BAD(err, w->file, w->least, "FORMAT",
                   "a member that does not end behind its header");
    LG_TRY(lg_tar_member_read(member, w->file, at, err));
    w->least = member->data_at;
    w->end = -1;
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
        archive_entry_sparse_count(entry) > 0)
        member->plain = 0;
    if (!member->plain) return LOGIT_OK;
    if (archive_entry_size(entry) != member->size ||
        archive_filter_bytes(w->archive, 0) != member->data_at)
        LG_TAR_BAD(err, w->file, at, "FORMAT",
                   "headers that can be read in two ways: %lld bytes at %lld, or %lld at %lld",
                   (long long)member->size, (long long)member->data_at,
                   (long long)archive_entry_size(entry),
                   (long long)archive_filter_bytes(w->archive, 0));
    w->end = member->data_at + (member->size + LG_TAR_BLOCK - 1) / LG_TAR_BLOCK * LG_TAR_BLOCK;
    return LOGIT_OK;
}

/* Behind the end there may be zeros only: tars that were joined would lose all but the first. */
static logit_status check_rest(walk *w, int *unclosed, logit_error *err)
{
    const int64_t end = archive_read_header_position(w->archive);
    *unclosed = end >= w->file->bytes;
    for (int64_t at = end; at < w->file->bytes; at += LG_TAR_WINDOW) {
        LG_TRY(lg_tar_file_read(w->file, at, err));
        for (size_t i = 0; i < w->file->window_size; i++)
            if (w->file->window[i])
                LG_TAR_BAD(err, w->file, at + (int64_t)i, "TRAIL",
                           "the tar ended at byte %lld; were two of them joined?", (long long)end);
    }
    return LOGIT_OK;
}

static logit_status walk_members(walk *w, lg_tar_visit_fn *visit, void *user, int *unclosed,
                                 logit_error *err)
{
    struct archive_entry *entry;
    if (archive_read_open1(w->archive) != ARCHIVE_OK) return explain(w, ARCHIVE_FATAL, err);
    for (;;) {
        const int got = archive_read_next_header(w->archive, &entry);
        if (got == ARCHIVE_EOF) return check_rest(w, unclosed, err);
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN) return explain(w, got, err);
        LG_TRY(check_member(w, entry, err));
        LG_TRY(visit(user, w->file, &w->member, err));
    }
}

logit_status lg_tar_walk(lg_tar_file *file, lg_tar_visit_fn *visit, void *user, int *unclosed,
                         logit_error *err)
{
    walk w = {.file = file, .err = err};
    *unclosed = 0;
    if (file->bytes == 0) LG_TAR_BAD(err, file, 0, "TRUNC", "the file is empty");
    LG_TRY(lg_tar_file_read(file, 0, err));
    LG_TRY(refuse_compressed(file, err));
    w.archive = archive_read_new();
    if (!w.archive) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a tar");
    archive_read_support_format_tar(w.archive); /* and no filter: nothing is inflated */
    archive_read_set_read_callback(w.archive, give_bytes);
    archive_read_set_skip_callback(w.archive, skip_bytes);
    archive_read_set_callback_data(w.archive, &w);
    const logit_status status = walk_members(&w, visit, user, unclosed, err);
    archive_read_free(w.archive);
    lg_tar_member_clear(&w.member);
    return status;
}
