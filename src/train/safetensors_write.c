/* safetensors_write.c -- the header for some arrays, and both into a file.
 *
 * The same content gives the same bytes: keys in the order they were given, no spare white space
 * but the padding that lets the arrays begin at a multiple of 8 bytes. */
/* SPDX-License-Identifier: MIT */
#include "train/safetensors.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/status.h"
#include "base/text.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are stored as they lie in memory");

enum { ALIGN = 8 };

static size_t tensor_bytes(const lg_tensor_out *tensor)
{
    size_t bytes = sizeof(float);
    for (int i = 0; i < tensor->rank; i++) bytes *= (size_t)tensor->shape[i]; /* lies in memory */
    return bytes;
}

/* Appends the entry of a tensor whose data begins at *offset, which moves on. */
static void add_entry(lg_text *header, const lg_tensor_out *tensor, size_t *offset)
{
    const size_t end = *offset + tensor_bytes(tensor);
    lg_text_add_json(header, tensor->name);
    lg_text_add(header, ":{\"dtype\":\"%s\",\"shape\":[", tensor->dtype ? tensor->dtype : "F32");
    for (int i = 0; i < tensor->rank; i++)
        lg_text_add(header, "%s%lld", i > 0 ? "," : "", (long long)tensor->shape[i]);
    lg_text_add(header, "],\"data_offsets\":[%zu,%zu]}", *offset, end);
    *offset = end;
}

static void add_header(lg_text *header, const lg_safetensors_out *content)
{
    size_t offset = 0;
    const char *comma = "";
    lg_text_add(header, "{\"__metadata__\":{");
    for (int i = 0; i < content->metas; i++) {
        if (!content->meta[i].value) continue;
        lg_text_add(header, "%s", comma);
        lg_text_add_json(header, content->meta[i].key);
        lg_text_add(header, ":");
        lg_text_add_json(header, content->meta[i].value);
        comma = ",";
    }
    lg_text_add(header, "}");
    for (int i = 0; i < content->tensors; i++) {
        lg_text_add(header, ",");
        add_entry(header, &content->tensor[i], &offset);
    }
    lg_text_add(header, "}");
    const int spaces = (int)((ALIGN - header->size % ALIGN) % ALIGN);
    lg_text_add(header, "%*s", spaces, "");
}

static logit_status write_pieces(const char *path, const lg_safetensors_out *content,
                                 const lg_text *header, logit_error *err)
{
    lg_piece *piece = malloc((2 + (size_t)content->tensors) * sizeof *piece);
    const uint64_t length = header->size;
    int pieces = 0;
    if (!piece) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for %d arrays", content->tensors);
    piece[pieces++] = (lg_piece){&length, sizeof length};
    piece[pieces++] = (lg_piece){header->data, header->size};
    for (int i = 0; i < content->tensors; i++)
        piece[pieces++] = (lg_piece){content->tensor[i].data, tensor_bytes(&content->tensor[i])};
    const logit_status status = lg_file_replace(path, piece, pieces, err);
    free(piece);
    return status;
}

logit_status lg_safetensors_write(const char *path, const lg_safetensors_out *content,
                                  logit_error *err)
{
    char name[600];
    lg_text header = {0};
    logit_status status;
    add_header(&header, content);
    if (header.failed)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "%s: header of the model file",
                         lg_text_escape(name, sizeof name, path));
    else if (header.size > LG_SAFETENSORS_MAX_HEADER)
        status = lg_fail(err, LOGIT_E_DATA, __FILE__, __LINE__,
                         "%s: class names and summary take a header of %zu bytes, at most %zu fit "
                         "[LIMIT]",
                         lg_text_escape(name, sizeof name, path), header.size,
                         LG_SAFETENSORS_MAX_HEADER);
    else
        status = write_pieces(path, content, &header, err);
    lg_text_clear(&header);
    return status;
}
