/* image_turbo.c -- JPEGs by libjpeg-turbo, where the build found it.
 *
 * Layer 1 (data).  Only files that image_jpeg.c has checked come here, and the pixels lie in the
 * caller's arena.  libjpeg's own memory is its own: less than the arena's budget, since that was
 * made for a decoder that keeps whole planes, and a frame with coefficients is held to the limit
 * by max_memory_to_use.  Whatever libjpeg complains about ends the image, warnings too: they say
 * that data are missing or make no sense.  Only what stb overlooks as well is overlooked, so that
 * both read the same files: bytes between segments, and versions of JFIF and Adobe markers.
 *
 * The slow integer transform and triangular upsampling, as stb has them: libjpeg-turbo's vector
 * code gives the same bits as its plain C for these, so that pixels do not depend on the machine.
 * No scaling while decoding: entropy coding takes most of the time, and the pixels would depend on
 * the target in another way than LG_IMAGE_RESIZE_RULE says. */
/* SPDX-License-Identifier: MIT */
#include "data/image_parts.h"

#ifdef LG_TURBO

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#ifndef LIBJPEG_TURBO_VERSION
#error "this libjpeg is not libjpeg-turbo: make TURBO=0, or install libjpeg62-turbo-dev"
#endif

/* Everything that lives across the jump. */
typedef struct turbo_job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    jmp_buf way_out;
    const lg_image_source *source;
    const lg_image_plan *plan;
    lg_image_arena *arena;
    int channels;
    uint8_t *pixels;
    char reason[JMSG_LENGTH_MAX];
} turbo_job;

static void leave(j_common_ptr jpeg)
{
    turbo_job *job = jpeg->client_data;
    jpeg->err->format_message(jpeg, job->reason);
    longjmp(job->way_out, 1);
}

static int is_forgiven(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM;
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && !is_forgiven(jpeg->err->msg_code)) leave(jpeg);
}

static void keep_quiet(j_common_ptr jpeg)
{
    (void)jpeg;
}

/* All that calls libjpeg; any call may jump out. */
static void run(turbo_job *job)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = (long)LG_IMAGE_MAX_ARENA;
    jpeg_mem_src(jpeg, job->source->bytes, (unsigned long)job->source->size);
    jpeg_read_header(jpeg, TRUE);
    jpeg->out_color_space = job->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg_start_decompress(jpeg);
    const size_t row = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
    const lg_image_info *info = &job->plan->info;
    if (jpeg->output_width != (unsigned)info->width ||
        jpeg->output_height != (unsigned)info->height || jpeg->output_components != job->channels) {
        snprintf(job->reason, sizeof job->reason, "another size than was declared");
        longjmp(job->way_out, 1);
    }
    job->pixels = lg_arena_take(job->arena, row * jpeg->output_height);
    if (!job->pixels) longjmp(job->way_out, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW line = job->pixels + row * jpeg->output_scanline;
        jpeg_read_scanlines(jpeg, &line, 1);
    }
    jpeg_finish_decompress(jpeg);
}

int lg_turbo_is_built(void)
{
    return 1;
}

logit_status lg_jpeg_decode_turbo(lg_decoder *decoder, const lg_image_source *source,
                                  const lg_image_plan *plan, int channels, const uint8_t **pixels,
                                  logit_error *err)
{
    turbo_job job = {
        .source = source, .plan = plan, .arena = &decoder->arena, .channels = channels};
    job.jpeg.err = jpeg_std_error(&job.manager);
    job.jpeg.client_data = &job;
    job.manager.error_exit = leave;
    job.manager.emit_message = on_message;
    job.manager.output_message = keep_quiet;
    const int failed = setjmp(job.way_out);
    if (!failed) run(&job);
    jpeg_destroy_decompress(&job.jpeg);
    *pixels = job.pixels;
    if (!failed) return LOGIT_OK;
    if (decoder->arena.refused || job.manager.msg_code == JERR_NO_BACKING_STORE)
        LG_BAD(err, source, plan->data_at, "LIMIT", "more memory is needed than the header tells");
    if (job.manager.msg_code == JERR_OUT_OF_MEMORY)
        LG_FAIL(err, LOGIT_E_NOMEM, "out of memory for a JPEG of %d x %d pixels", plan->info.width,
                plan->info.height);
    LG_BAD(err, source, plan->data_at, "CORRUPT", "%s", job.reason);
}

#else

int lg_turbo_is_built(void)
{
    return 0;
}

logit_status lg_jpeg_decode_turbo(lg_decoder *decoder, const lg_image_source *source,
                                  const lg_image_plan *plan, int channels, const uint8_t **pixels,
                                  logit_error *err)
{
    (void)decoder, (void)source, (void)plan, (void)channels, (void)pixels;
    LG_FAIL(err, LOGIT_E_USAGE, "libjpeg-turbo was not there when this logit was built");
}

#endif
