/* Which bits of which coefficients of a file have come, block by block.
 *
 * A whole file has sent all of them. A progressive file that ends early has not, and of a
 * damaged one libjpeg invents a part: it shows zeros where the data ran out, or what comes of
 * bits that are not the encoder's. Its warnings do not say where. Here each MCU is looked at
 * while it is decoded. Included by shim.c alone. */

#ifndef DDRMJPEG_LEDGER_H
#define DDRMJPEG_LEDGER_H

#include <stdint.h>
#include <stdio.h>
#include <jpeglib.h>

#define DJ_COMPONENTS 4
#define DJ_PROFILES 255

struct dj_ledger {
    /* For each profile and coefficient, in natural order: the lowest bit that has come, -1 for
     * none. Profile 0 has none of any. */
    int8_t bits[DJ_PROFILES][64];
    int profiles;
    uint8_t *blocks[DJ_COMPONENTS]; /* the profile of each block, in raster order */
    boolean truncated;              /* the data have ended before the end-of-image marker */

    /* The scan in work. */
    int scan;
    boolean (*decode_mcu)(j_decompress_ptr cinfo, JBLOCKROW *blocks);
    int16_t next[DJ_PROFILES]; /* what a profile becomes by it; -1: not asked yet */
    uint32_t mcu;              /* MCUs so far */

    /* The restart interval in work; a scan without restart markers is one. */
    uint32_t start;      /* its first MCU */
    uint32_t sound;      /* its MCUs before the first that is not as it was sent */
    boolean broken;      /* the data ran out, or held a code that there is none of */
    boolean at_end;      /* it was the end of the image that they ran into */
    boolean ends_well;   /* its last byte so far is filled up as encoders do */
    boolean misplaced;   /* it began at a marker of another number */

    /* What libjpeg said while it decoded the last MCU. */
    boolean hit;
    uint32_t stray; /* bytes passed over before a marker */
    int action;     /* of jpeg_resync_to_restart, and the marker that it was taken at; 0: none */
    int marker;
    int desired;
};

/* Takes memory for the blocks of the file whose header was read; 0 when there is none. */
int dj_ledger_open(struct dj_ledger *ledger, j_decompress_ptr cinfo);
void dj_ledger_free(struct dj_ledger *ledger);

/* Called before each piece of input: sees to it that MCUs are looked at. */
void dj_ledger_watch(struct dj_ledger *ledger, j_decompress_ptr cinfo);

/* Called for each message, traces too; answers whether it tells of data that are not there. */
int dj_ledger_note(struct dj_ledger *ledger, j_decompress_ptr cinfo);

#endif
