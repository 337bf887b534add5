/* report_picture.c -- pixels to text. */
/* SPDX-License-Identifier: MIT */
#include "report/report_picture.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "report/report_html.h"

/* RFC 4648, section 4. */
static void add_base64(lg_text *page, const uint8_t *bytes, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum { LINE = 3 * 256 };
    char line[4 * LINE / 3 + 1];
    for (size_t begin = 0; begin < size; begin += LINE) {
        const size_t end = begin + LINE < size ? begin + LINE : size;
        int used = 0;
        for (size_t i = begin; i < end; i += 3) {
            const uint32_t three = (uint32_t)bytes[i] << 16 |
                                   (i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0) |
                                   (i + 2 < size ? bytes[i + 2] : 0);
            for (int d = 0; d < 4; d++) line[used++] = digit[three >> (18 - 6 * d) & 63];
            if (i + 1 >= size) line[used - 2] = '=';
            if (i + 2 >= size) line[used - 1] = '=';
        }
        line[used] = '\0';
        lg_text_add(page, "%s", line);
    }
}

logit_status lg_picture_add(lg_text *page, const lg_pixels *pixels, const char *alt,
                            logit_error *err)
{
    lg_bytes png = {0};
    const logit_status status = lg_pixels_encode(pixels, LG_FILE_PNG, 0, &png, err);
    if (status == LOGIT_OK) {
        lg_text_add(page, "<img width=\"%d\" height=\"%d\" alt=\"", pixels->width, pixels->height);
        lg_html_add(page, alt);
        lg_text_add(page, "\" src=\"data:image/png;base64,");
        add_base64(page, png.data, png.size);
        lg_text_add(page, "\">");
    }
    lg_bytes_clear(&png);
    return status;
}

int lg_picture_side(int count, int most, int least, int pixels)
{
    int side = most;
    while (side > least && count * side * side > pixels) side -= 8;
    return side;
}

void lg_picture_signed(double value, uint8_t rgb[3])
{
    static const uint8_t ends[2][3] = {{33, 102, 172}, {178, 24, 43}}, middle = 247;
    const uint8_t *end = ends[value > 0.0];
    const double share = fmin(fabs(value), 1.0);
    for (int c = 0; c < 3; c++)
        rgb[c] = isnan(value) ? 0 : (uint8_t)lround(middle + share * (end[c] - middle));
}

/* The mean of a block of factor x factor pixels, summed over channels. */
static double block_mean(const float *value, int height, int width, int channels, int row, int col,
                         int factor)
{
    double sum = 0.0;
    int count = 0;
    for (int y = row * factor; y < (row + 1) * factor && y < height; y++)
        for (int x = col * factor; x < (col + 1) * factor && x < width; x++, count++)
            for (int c = 0; c < channels; c++)
                sum += (double)value[((int64_t)y * width + x) * channels + c];
    return sum / count;
}

logit_status lg_picture_add_signed(lg_text *page, const float *value, int height, int width,
                                   int channels, int most, const char *alt, logit_error *err)
{
    const int longest = height > width ? height : width, factor = (longest + most - 1) / most;
    const int h = (height + factor - 1) / factor, w = (width + factor - 1) / factor;
    const int64_t count = (int64_t)h * w;
    double *mean = malloc((size_t)count * sizeof *mean), largest = 0.0;
    uint8_t *rgb = malloc((size_t)count * 3);
    logit_status status = LOGIT_OK;
    if (!mean || !rgb)
        status = lg_fail(err, LOGIT_E_NOMEM, __FILE__, __LINE__, "out of memory for a picture");
    for (int64_t i = 0; i < count && status == LOGIT_OK; i++) {
        mean[i] = block_mean(value, height, width, channels, (int)(i / w), (int)(i % w), factor);
        if (fabs(mean[i]) > largest) largest = fabs(mean[i]);
    }
    for (int64_t i = 0; i < count && status == LOGIT_OK; i++)
        lg_picture_signed(largest > 0.0 ? mean[i] / largest : mean[i], rgb + 3 * i);
    const lg_pixels pixels = {rgb, w, h, 3};
    if (status == LOGIT_OK) status = lg_picture_add(page, &pixels, alt, err);
    free(mean);
    free(rgb);
    return status;
}

static double colour_mean(const float *value, int height, int width, int factor, int64_t i)
{
    const int w = (width + factor - 1) / factor, c = (int)(i % 3);
    const int row = (int)(i / 3 / w) * factor, col = (int)(i / 3 % w) * factor;
    double sum = 0.0;
    int count = 0;
    for (int y = row; y < row + factor && y < height; y++)
        for (int x = col; x < col + factor && x < width; x++, count++)
            sum += (double)value[((int64_t)y * width + x) * 3 + c];
    return sum / count;
}

logit_status lg_picture_add_colour(lg_text *page, const float *value, int height, int width,
                                   int most, const char *alt, logit_error *err)
{
    const int longest = height > width ? height : width, factor = (longest + most - 1) / most;
    const int h = (height + factor - 1) / factor, w = (width + factor - 1) / factor;
    const int64_t count = (int64_t)h * w * 3;
    double largest = 0.0;
    uint8_t *rgb = malloc((size_t)count);
    if (!rgb) LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a picture");
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(colour_mean(value, height, width, factor, i)));
    for (int64_t i = 0; i < count; i++) {
        const double mean = colour_mean(value, height, width, factor, i);
        rgb[i] = (uint8_t)lround(128.0 + 127.0 * (largest > 0.0 ? mean / largest : 0.0));
    }
    const lg_pixels pixels = {rgb, w, h, 3};
    const logit_status status = lg_picture_add(page, &pixels, alt, err);
    free(rgb);
    return status;
}
