/* matmul_work.cc -- see matmul_work.h.
 *
 * Tests (simt).  Inputs are read as floats, rounded where that was asked for, and multiplied by
 * OpenBLAS in float32, or by plain loops where there is no OpenBLAS or LOGIT_BLAS=off. */
/* SPDX-License-Identifier: MIT */
#include "tests/simt/matmul_work.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "tests/simt/machine.h"

extern "C" {
__attribute__((weak)) void __tsan_read_range(void *at, unsigned long bytes);
__attribute__((weak)) void __tsan_write_range(void *at, unsigned long bytes);
}

namespace simt
{
namespace
{

/* cblas.h's numbers. */
enum { COLUMN_MAJOR = 102, NO_TRANSPOSE = 111, TRANSPOSE = 112 };

typedef void sgemm_fn(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                      const float *a, int lda, const float *b, int ldb, float beta, float *c,
                      int ldc);

/* A product of floats: what is left when types and rounding are done. */
struct product {
    const matmul_work *of;
    const float *a, *b;
    int lda, ldb;
    float alpha, beta;
    float *c;
};

sgemm_fn *load_sgemm()
{
    const char *choice = getenv("LOGIT_BLAS");
    if (choice && strcmp(choice, "off") == 0) return nullptr;
    const char *before = getenv("OPENBLAS_NUM_THREADS");
    const std::string kept = before ? before : "";
    setenv("OPENBLAS_NUM_THREADS", "1", 1); /* read when the library is loaded */
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (before)
        setenv("OPENBLAS_NUM_THREADS", kept.c_str(), 1);
    else
        unsetenv("OPENBLAS_NUM_THREADS");
    if (!library) return nullptr;
    const auto set_threads =
        reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
    if (set_threads) set_threads(1); /* the program may have loaded it before */
    return reinterpret_cast<sgemm_fn *>(dlsym(library, "cblas_sgemm"));
}

float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

uint32_t to_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* To the nearest number with `kept` bits of fraction, ties to even. */
float round_fraction(float x, int kept)
{
    const uint32_t bits = to_bits(x), dropped = uint32_t(23 - kept);
    if (!isfinite(x)) return x;
    const uint32_t odd = bits >> dropped & 1;
    const uint32_t rounded = bits + (1u << (dropped - 1)) - 1 + odd;
    return from_bits(rounded >> dropped << dropped);
}

float element(const matrix &of, size_t place)
{
    if (of.type == CUDA_R_32F) return static_cast<const float *>(of.at)[place];
    return from_bits(uint32_t(static_cast<const uint16_t *>(of.at)[place]) << 16);
}

float rounded(float x, rounding how)
{
    if (how == rounding::tf32) return round_fraction(x, 10);
    if (how == rounding::bf16) return round_fraction(x, 7);
    return x;
}

size_t element_bytes(cudaDataType type)
{
    return type == CUDA_R_32F ? 4 : 2;
}

/* OpenBLAS is not watched by ThreadSanitizer: says what it will read or write. */
void announce(const matrix &of, bool writes)
{
    const auto tell = writes ? __tsan_write_range : __tsan_read_range;
    if (!tell) return;
    const size_t bytes = element_bytes(of.type);
    char *at = const_cast<char *>(static_cast<const char *>(of.at));
    for (int j = 0; j < of.columns && of.rows > 0; j++)
        tell(at + size_t(j) * size_t(of.stride) * bytes, size_t(of.rows) * bytes);
}

/* The matrix as floats: as it lies, or converted into `room`, without gaps between columns. */
const float *as_floats(const matrix &of, rounding how, std::vector<float> *room, int *stride)
{
    announce(of, false);
    *stride = of.stride;
    if (of.type == CUDA_R_32F && how == rounding::none) return static_cast<const float *>(of.at);
    room->resize(size_t(of.rows) * size_t(of.columns));
    *stride = of.rows > 0 ? of.rows : 1;
    for (size_t j = 0; j < size_t(of.columns); j++)
        for (size_t i = 0; i < size_t(of.rows); i++)
            (*room)[i + j * size_t(of.rows)] = rounded(element(of, i + j * size_t(of.stride)), how);
    return room->data();
}

/* beta = 0 takes no part of C, NaN or not (cuBLAS, gemm). */
void multiply_plainly(const product &p)
{
    const matmul_work &of = *p.of;
    for (int j = 0; j < of.n; j++) {
        for (int i = 0; i < of.m; i++) {
            float sum = 0.0f;
            for (int l = 0; l < of.k; l++) {
                const size_t at_a = of.transpose_a ? size_t(l) + size_t(i) * size_t(p.lda)
                                                   : size_t(i) + size_t(l) * size_t(p.lda);
                const size_t at_b = of.transpose_b ? size_t(j) + size_t(l) * size_t(p.ldb)
                                                   : size_t(l) + size_t(j) * size_t(p.ldb);
                sum = fmaf(p.a[at_a], p.b[at_b], sum);
            }
            float *to = p.c + i + size_t(j) * size_t(of.c.stride);
            *to = p.beta == 0.0f ? p.alpha * sum : fmaf(p.alpha, sum, p.beta * *to);
        }
    }
}

void multiply(const product &p)
{
    static sgemm_fn *const sgemm = load_sgemm();
    const matmul_work &of = *p.of;
    if (!sgemm || of.k == 0 || p.alpha == 0.0f) {
        multiply_plainly(p);
        return;
    }
    sgemm(COLUMN_MAJOR, of.transpose_a ? TRANSPOSE : NO_TRANSPOSE,
          of.transpose_b ? TRANSPOSE : NO_TRANSPOSE, of.m, of.n, of.k, p.alpha, p.a, p.lda, p.b,
          p.ldb, p.beta, p.c, of.c.stride);
}

/* The planted fault: in the largest element, where it is most to be seen. */
void plant_fault(const product &p)
{
    float *worst = p.c;
    for (int j = 0; j < p.of->n; j++) {
        for (int i = 0; i < p.of->m; i++) {
            float *at = p.c + i + size_t(j) * size_t(p.of->c.stride);
            if (fabsf(*at) > fabsf(*worst)) worst = at;
        }
    }
    *worst = float(double(*worst) * (1.0 + the.fault_error));
}

} // namespace

void matmul_work::run() const
{
    std::vector<float> room_a, room_b;
    product p = {};
    p.of = this;
    p.a = as_floats(a, inputs, &room_a, &p.lda);
    p.b = as_floats(b, inputs, &room_b, &p.ldb);
    p.alpha = device_alpha ? *device_alpha : alpha;
    p.beta = device_beta ? *device_beta : beta;
    p.c = static_cast<float *>(const_cast<void *>(c.at));
    announce(c, true);
    multiply(p);
    if (++the.gemms == the.fault_gemm) plant_fault(p);
}

} // namespace simt
