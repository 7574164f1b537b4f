/* See ledger.h. libjpeg's entropy decoder is reached through its internal header: its public
 * interface neither names the MCU that is decoded nor says whether its data were there. */

#include <stdlib.h>
#include <string.h>

#define JPEG_INTERNALS
#include "ledger.h"
#include <jdhuff.h>

/* More stray bytes before a restart marker than cameras write, which is 1 to 9 and rarely 17. They
 * are the rest of an interval that was decoded wrongly, or of one whose marker is lost. */
#define DJ_STRAY_MAX 32

/* The common first fields of libjpeg's two Huffman decoders. */
struct dj_huffman_decoder {
    struct jpeg_entropy_decoder public;
    bitread_perm_state bits;
};

/* Finds the ledger of a reader from libjpeg's callbacks. */
struct dj_ledger *dj_ledger_of(j_decompress_ptr cinfo);

int dj_ledger_open(struct dj_ledger *ledger, j_decompress_ptr cinfo)
{
    memset(ledger->bits[0], -1, sizeof(ledger->bits[0]));
    ledger->profiles = 1;
    for (int c = 0; c < cinfo->num_components && c < DJ_COMPONENTS; c++) {
        const jpeg_component_info *component = &cinfo->comp_info[c];
        size_t blocks = (size_t)component->width_in_blocks * component->height_in_blocks;
        ledger->blocks[c] = calloc(blocks, 1);
        if (!ledger->blocks[c])
            return 0;
    }
    return 1;
}

void dj_ledger_free(struct dj_ledger *ledger)
{
    for (int c = 0; c < DJ_COMPONENTS; c++)
        free(ledger->blocks[c]);
}

/* The coefficients of the current scan, as indices in zigzag order; a sequential scan has all. */
static void dj_band(j_decompress_ptr cinfo, int *first, int *last, int *low)
{
    *first = cinfo->progressive_mode ? cinfo->Ss : 0;
    *last = cinfo->progressive_mode ? cinfo->Se : 63;
    *low = cinfo->progressive_mode ? cinfo->Al : 0;
}

/* The profile of a block of `profile` after the current scan has sent its part. If there are too
 * many profiles, the block keeps its own, which claims too little. */
static int dj_next_profile(struct dj_ledger *ledger, j_decompress_ptr cinfo, int profile)
{
    int first, last, low, same = 0;
    int8_t bits[64];
    if (ledger->next[profile] >= 0)
        return ledger->next[profile];
    dj_band(cinfo, &first, &last, &low);
    memcpy(bits, ledger->bits[profile], sizeof(bits));
    for (int i = first; i <= last; i++)
        bits[jpeg_natural_order[i]] = (int8_t)low;
    while (same < ledger->profiles && memcmp(ledger->bits[same], bits, sizeof(bits)) != 0)
        same++;
    if (same == DJ_PROFILES)
        same = profile;
    if (same == ledger->profiles)
        memcpy(ledger->bits[ledger->profiles++], bits, sizeof(bits));
    ledger->next[profile] = (int16_t)same;
    return same;
}

/* Whether a scan that refines coefficients finds them in the expected state. */
static int dj_fits(const struct dj_ledger *ledger, j_decompress_ptr cinfo, int profile)
{
    for (int i = cinfo->Ss; i <= cinfo->Se; i++)
        if (ledger->bits[profile][jpeg_natural_order[i]] != cinfo->Ah)
            return 0;
    return 1;
}

/* Visits the blocks of MCU number `mcu` of the scan: if `advance`, records that its part of them
 * has arrived; otherwise returns whether they are in the state that the scan expects. */
static int dj_each_block(struct dj_ledger *ledger, j_decompress_ptr cinfo, uint32_t mcu, int advance)
{
    uint32_t row = mcu / cinfo->MCUs_per_row, column = mcu % cinfo->MCUs_per_row;
    for (int n = 0; n < cinfo->comps_in_scan; n++) {
        const jpeg_component_info *component = cinfo->cur_comp_info[n];
        uint8_t *blocks = ledger->blocks[component->component_index];
        uint32_t left = column * component->MCU_width, top = row * component->MCU_height;
        for (uint32_t y = top; y < top + component->MCU_height; y++)
            for (uint32_t x = left; x < left + component->MCU_width; x++) {
                if (y >= component->height_in_blocks || x >= component->width_in_blocks)
                    continue; /* a block that fills up the MCU */
                uint8_t *profile = &blocks[(size_t)y * component->width_in_blocks + x];
                if (advance)
                    *profile = (uint8_t)dj_next_profile(ledger, cinfo, *profile);
                else if (!dj_fits(ledger, cinfo, *profile))
                    return 0;
            }
    }
    return 1;
}

/* Whether the last byte of an interval is padded as encoders do: with ones, as in T.81 F.1.2.3,
 * or with zeros. After decoding wrong bits it rarely is. */
static int dj_ends_well(j_decompress_ptr cinfo)
{
    const bitread_perm_state *state = &((struct dj_huffman_decoder *)cinfo->entropy)->bits;
    if (cinfo->arith_code || state->bits_left < 0)
        return 1;
    int whole = state->bits_left & ~7;
    unsigned int mask = (1u << (state->bits_left & 7)) - 1;
    unsigned int rest = (unsigned int)(state->get_buffer >> whole) & mask;
    return rest == 0 || rest == mask;
}

/* Ends the current interval; `last` if it is the last of the scan.
 *
 * A few bytes left over after a complete interval do no harm. If the data ended because the file
 * ended, the MCUs before that are good. Inside a file with restart markers, an interval that does
 * not end properly was wrong from some unknown point on. */
static void dj_close_interval(struct dj_ledger *ledger, j_decompress_ptr cinfo, int last)
{
    uint32_t count = ledger->mcu - ledger->start, good = ledger->sound;
    int alone = ledger->start == 0 && last;
    int cut = ledger->truncated || (ledger->at_end && !last);
    if (good < count && !alone && !cut)
        good = 0;
    if (ledger->misplaced || (!alone && !cut && !ledger->ends_well)
        || (ledger->stray > DJ_STRAY_MAX && !ledger->action))
        good = 0;
    /* Not the expected marker: if one is lost, its whole interval was skipped. If nothing was
     * skipped, this interval may belong to another place. */
    if (ledger->action && !ledger->stray)
        good = 0;
    for (uint32_t mcu = ledger->start; mcu < ledger->start + good; mcu++)
        dj_each_block(ledger, cinfo, mcu, 1);
}

static void dj_open_interval(struct dj_ledger *ledger)
{
    ledger->start = ledger->mcu;
    ledger->sound = 0;
    ledger->broken = ledger->at_end = FALSE;
    /* Action 1 continues after the marker, whatever its number. */
    ledger->misplaced = ledger->action == 1 && ledger->marker != JPEG_RST0 + ledger->desired;
}

/* Whether a block can come from 8-bit samples: no coefficient is beyond 1024, and a level is off
 * by one at most. Without restart intervals only DC is checked. */
static int dj_is_possible(j_decompress_ptr cinfo, const JCOEF *block, const UINT16 *steps)
{
    int last = cinfo->restart_interval && !cinfo->progressive_mode ? 63 : 0;
    for (int i = 0; i <= last; i++)
        if (abs((int)block[i]) * (long)steps[i] > 1024 + 2 * (long)steps[i])
            return 0;
    return 1;
}

/* Whether all blocks of an MCU can. Scans without DC are not checked. */
static int dj_are_possible(j_decompress_ptr cinfo, JBLOCKROW *blocks)
{
    if (cinfo->progressive_mode && cinfo->Ss != 0)
        return 1;
    for (int n = 0; n < cinfo->blocks_in_MCU; n++) {
        const jpeg_component_info *component = cinfo->cur_comp_info[cinfo->MCU_membership[n]];
        if (!dj_is_possible(cinfo, *blocks[n], component->quant_table->quantval))
            return 0;
    }
    return 1;
}

/* Replaces libjpeg's own function, and calls it. */
static boolean dj_decode_mcu(j_decompress_ptr cinfo, JBLOCKROW *blocks)
{
    struct dj_ledger *ledger = dj_ledger_of(cinfo);
    uint32_t done = ledger->mcu - ledger->start;
    int begins = cinfo->restart_interval && done == cinfo->restart_interval;
    /* The arithmetic decoder does not report that it has run out of data. */
    ledger->hit = cinfo->arith_code && ledger->truncated;
    ledger->stray = 0;
    ledger->action = 0;
    ledger->desired = cinfo->marker->next_restart_num;
    if (!(*ledger->decode_mcu)(cinfo, blocks))
        return FALSE;
    if (begins) {
        dj_close_interval(ledger, cinfo, 0);
        dj_open_interval(ledger);
    }
    if (ledger->hit || !dj_are_possible(cinfo, blocks)) {
        ledger->broken = TRUE;
        ledger->at_end = cinfo->unread_marker == JPEG_EOI;
    }
    if (!ledger->broken && !cinfo->entropy->insufficient_data
        && (!cinfo->progressive_mode || !cinfo->Ah
            || dj_each_block(ledger, cinfo, ledger->mcu, 0)))
        ledger->sound += ledger->sound == ledger->mcu - ledger->start;
    ledger->ends_well = dj_ends_well(cinfo);
    if (++ledger->mcu == cinfo->MCUs_per_row * cinfo->MCU_rows_in_scan) {
        /* Bytes left over at the end of a scan are not before a restart marker. */
        ledger->stray = 0;
        ledger->action = 0;
        dj_close_interval(ledger, cinfo, 1);
    }
    return TRUE;
}

void dj_ledger_watch(struct dj_ledger *ledger, j_decompress_ptr cinfo)
{
    if (ledger->scan == cinfo->input_scan_number)
        return;
    ledger->scan = cinfo->input_scan_number;
    memset(ledger->next, -1, sizeof(ledger->next));
    ledger->mcu = 0;
    ledger->action = 0;
    dj_open_interval(ledger);
    /* Most decoders set another function for each scan. */
    if (cinfo->entropy->decode_mcu != dj_decode_mcu) {
        ledger->decode_mcu = cinfo->entropy->decode_mcu;
        cinfo->entropy->decode_mcu = dj_decode_mcu;
    }
}

int dj_ledger_note(struct dj_ledger *ledger, j_decompress_ptr cinfo)
{
    const int *parameters = cinfo->err->msg_parm.i;
    switch (cinfo->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
        ledger->hit = TRUE;
        return 1;
    case JWRN_EXTRANEOUS_DATA:
        ledger->stray += (uint32_t)parameters[0];
        return 0;
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
        return 1;
    case JTRC_RECOVERY_ACTION:
        ledger->marker = parameters[0];
        ledger->action = parameters[1];
        return 0;
    default:
        return 0;
    }
}
