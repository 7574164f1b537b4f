/* Keeps the coefficients of a file packed, for pictures too large for two bytes a coefficient.
 *
 * libjpeg asks its memory manager for arrays of blocks, and reaches their rows by two functions
 * whose pointers are public. Here these functions keep each row of blocks packed, except for the
 * rows in use. Most coefficients are zero, so a row takes a quarter of its memory or less.
 * Included by shim.c only. */

#ifndef DDRMJPEG_PACKED_H
#define DDRMJPEG_PACKED_H

#include <stdint.h>
#include <stdio.h>
#include <jpeglib.h>

struct dj_packed_row {
    uint8_t *bytes; /* NULL: all coefficients are zero */
    size_t length;
};

/* One array of blocks. */
struct dj_packed {
    struct dj_packed *next;
    JDIMENSION wide, high;      /* in blocks */
    struct dj_packed_row *rows; /* `high` of them */
    JBLOCKROW *window;          /* the rows in use, unpacked */
    JCOEF *blocks;              /* their memory */
    JDIMENSION room;            /* for so many rows */
    JDIMENSION first, count;    /* which rows these are */
    boolean written;            /* whether they may have changed */
    uint8_t *scratch;           /* room for the largest packed row */
};

/* Lets the memory manager of `cinfo`, which was just created, keep its arrays packed. */
void dj_packed_install(j_decompress_ptr cinfo);

/* Packs the rows that are still in use, and frees the memory for them. */
void dj_packed_close(j_common_ptr cinfo);

/* Frees all arrays. */
void dj_packed_free(struct dj_packed *list);

/* Copies `count` blocks of a row of a closed array, from block `first`. */
void dj_packed_blocks(const struct dj_packed *array, JDIMENSION row, JDIMENSION first,
                      JDIMENSION count, JCOEF *blocks);

/* Bytes of the packed rows of all arrays. */
uint64_t dj_packed_bytes(const struct dj_packed *list);

#endif
