/* checkpoint_parts.h -- what the files of checkpoints share; nobody else includes this.
 *
 * Layer 2 (train).  checkpoint.c writes, checkpoint_restore.c finds and puts back. */
/* SPDX-License-Identifier: MIT */
#ifndef LG_TRAIN_CHECKPOINT_PARTS_H
#define LG_TRAIN_CHECKPOINT_PARTS_H

enum {
    LG_CHECKPOINT_PATH = 4400,
    LG_CHECKPOINT_NUMBERS = 10 /* of a setting, in the head */
};

/* FOLDER/checkpoint.WHICH, in out[LG_CHECKPOINT_PATH]. */
void lg_checkpoint_path(const char *folder, int which, char *out);

#endif
