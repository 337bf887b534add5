/* npy_file.h -- one .npy file of NumPy: its header, which is read and never evaluated, and its
 * data.
 *
 * Layer 1 (data).  The form, as
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html gives it: "\x93NUMPY", a
 * version (1.0, 2.0 or 3.0), the length of the header in 16 (then 32) bits, a header "{'descr':
 * '<f4', 'fortran_order': False, 'shape': (N, D), }" that ends in a newline, then the values
 * row-major.  A header is believed only after its sizes were multiplied with care and held against
 * the file.  No file is mapped: one that shrinks under a run is an error, not a signal. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_DATA_NPY_FILE_H
#define LG_DATA_NPY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "data/formats.h"

enum { LG_NPY_MAX_DIMS = 32 };

/* The types of values that are read, in whatever file. */
typedef enum lg_npy_type {
    LG_NPY_B1, /* NumPy's bool: a byte, 0 or 1 */
    LG_NPY_U1,
    LG_NPY_I1,
    LG_NPY_U2,
    LG_NPY_I2,
    LG_NPY_U4,
    LG_NPY_I4,
    LG_NPY_U8,
    LG_NPY_I8,
    LG_NPY_F2,
    LG_NPY_F4,
    LG_NPY_F8,
    LG_NPY_TYPES
} lg_npy_type;

typedef struct lg_npy {
    char *path;
    int fd;
    int64_t file_bytes;
    lg_npy_type type;
    size_t value_bytes;
    int dims;
    int64_t dim[LG_NPY_MAX_DIMS]; /* each at least 1 */
    int64_t descr_at, shape_at;   /* the bytes where the header says type and shape */
    int64_t header_bytes;         /* the data begin there */
    size_t data_bytes;            /* of all values */
} lg_npy;

/* Opens a file and reads its header; the file's size is not yet held against it (lg_npy_fit).
 * Errors: IO; DATA with TRUNC, FORMAT, UNSUP (a version, a type, Fortran order), RANGE (a size
 * below 1), OVERFLOW, LIMIT (a long header, many dimensions, samples); NOMEM.  May be closed
 * whatever happened, and any number of times. */
logit_status lg_npy_open(lg_npy *npy, const char *path, logit_error *err);
void lg_npy_close(lg_npy *npy);

/* The file must have exactly the size that its header says.  Errors: DATA with TRUNC, TRAIL. */
logit_status lg_npy_fit(const lg_npy *npy, logit_error *err);

/* Reads `size` bytes of data at `offset`.  Thread-safe.  Error: IO, also where the file has become
 * shorter. */
logit_status lg_npy_read_at(const lg_npy *npy, void *to, size_t size, int64_t offset,
                            logit_error *err);

/* "float32", as NumPy calls it. */
const char *lg_npy_type_name(lg_npy_type type);

/* "(60000, 784)"; returns out. */
const char *lg_npy_shape_text(const lg_npy *npy, char *out, size_t size);

/* "PATH: npy at byte N: reason [CLASS]" */
#define LG_NPY_BAD(err, npy, at_byte, class_name, ...)                                             \
    return lg_place_fail((err), LG_PLACE((npy)->path, "npy", (int64_t)(at_byte)), (class_name),    \
                         __VA_ARGS__)

#endif
