/* Records which bits of which coefficients of a file have arrived, block by block.
 *
 * A complete file has sent all of them. A progressive file that ends early has not, and in a
 * damaged file libjpeg makes up a part: zeros after the end of the data, or values decoded from
 * wrong bits. Its warnings do not say where. So each MCU is examined while it is decoded.
 * Included by shim.c only. */

#ifndef DDRMJPEG_LEDGER_H
#define DDRMJPEG_LEDGER_H

#include <stdint.h>
#include <stdio.h>
#include <jpeglib.h>

#define DJ_COMPONENTS 4
#define DJ_PROFILES 255

struct dj_ledger {
    /* For each profile and coefficient, in natural order: the lowest bit that has arrived, -1 for
     * none. Profile 0 has no bits of any. */
    int8_t bits[DJ_PROFILES][64];
    int profiles;
    uint8_t *blocks[DJ_COMPONENTS]; /* the profile of each block, in raster order */
    boolean truncated;              /* the data have ended before the end-of-image marker */

    /* The current scan. */
    int scan;
    boolean (*decode_mcu)(j_decompress_ptr cinfo, JBLOCKROW *blocks);
    int16_t next[DJ_PROFILES]; /* the profile after it; -1: not known yet */
    uint32_t mcu;              /* MCUs so far */

    /* The current restart interval; a scan without restart markers is one. */
    uint32_t start;      /* its first MCU */
    uint32_t sound;      /* its MCUs before the first bad one */
    boolean broken;      /* the data ran out, or held an invalid code */
    boolean at_end;      /* the data ran out at the end of the image */
    boolean ends_well;   /* its last byte so far is padded as encoders do */
    boolean misplaced;   /* it started at a marker of another number */

    /* Messages of libjpeg during the last MCU. */
    boolean hit;
    uint32_t stray; /* bytes skipped before a marker */
    int action;     /* of jpeg_resync_to_restart, and at which marker; 0: none */
    int marker;
    int desired;
};

/* Allocates memory for the blocks of the file whose header was read; 0 if there is none. */
int dj_ledger_open(struct dj_ledger *ledger, j_decompress_ptr cinfo);
void dj_ledger_free(struct dj_ledger *ledger);

/* Called before each piece of input: installs the hook that examines MCUs. */
void dj_ledger_watch(struct dj_ledger *ledger, j_decompress_ptr cinfo);

/* Called for each message, also traces; returns whether it reports missing data. */
int dj_ledger_note(struct dj_ledger *ledger, j_decompress_ptr cinfo);

#endif
