/* See packed.h. A block is packed as one byte that tells which of its eight rows are not all zero,
 * a byte for each of these that tells which coefficients are not, and these coefficients: a byte
 * each, or the byte -128 and two more. */

#include <stdlib.h>
#include <string.h>
#include <jerror.h>

#include "packed.h"

#define DJ_ESCAPE (-128)
/* No block takes more bytes. */
#define DJ_BLOCK_MAX (1 + 8 + 3 * 64)

/* Finds the arrays of a reader from libjpeg's callbacks. */
struct dj_packed **dj_packed_of(j_common_ptr cinfo);

static uint8_t *dj_pack_level(uint8_t *to, JCOEF level)
{
    if (level > DJ_ESCAPE && level <= 127) {
        *to++ = (uint8_t)(int8_t)level;
        return to;
    }
    *to++ = (uint8_t)(int8_t)DJ_ESCAPE;
    *to++ = (uint8_t)((uint16_t)level & 0xFF);
    *to++ = (uint8_t)((uint16_t)level >> 8);
    return to;
}

static uint8_t *dj_pack_block(uint8_t *to, const JCOEF *block)
{
    uint8_t *rows = to++, *mask;
    *rows = 0;
    for (int y = 0; y < 8; y++, block += 8) {
        uint64_t halves[2];
        memcpy(halves, block, sizeof(halves));
        if (!(halves[0] | halves[1]))
            continue;
        *rows |= (uint8_t)(1 << y);
        mask = to++;
        *mask = 0;
        for (int x = 0; x < 8; x++)
            if (block[x]) {
                *mask |= (uint8_t)(1 << x);
                to = dj_pack_level(to, block[x]);
            }
    }
    return to;
}

static const uint8_t *dj_unpack_block(const uint8_t *from, JCOEF *block)
{
    int rows = *from++;
    memset(block, 0, sizeof(JBLOCK));
    for (int y = 0; y < 8; y++, block += 8) {
        if (!(rows >> y & 1))
            continue;
        int mask = *from++;
        for (int x = 0; x < 8; x++) {
            if (!(mask >> x & 1))
                continue;
            block[x] = (int8_t)*from++;
            if (block[x] == DJ_ESCAPE) {
                block[x] = (JCOEF)(from[0] | from[1] << 8);
                from += 2;
            }
        }
    }
    return from;
}

/* Packs the rows in use if they may have changed. */
static void dj_put_away(j_common_ptr cinfo, struct dj_packed *array)
{
    for (JDIMENSION n = 0; n < array->count && array->written; n++) {
        struct dj_packed_row *row = &array->rows[array->first + n];
        uint8_t *end = array->scratch;
        for (JDIMENSION x = 0; x < array->wide; x++)
            end = dj_pack_block(end, array->window[n][x]);
        size_t length = (size_t)(end - array->scratch);
        if (length != row->length) {
            free(row->bytes);
            row->length = 0;
            row->bytes = malloc(length);
            if (!row->bytes)
                ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 11);
            row->length = length;
        }
        memcpy(row->bytes, array->scratch, length);
    }
    array->count = 0;
    array->written = FALSE;
}

/* Makes room for so many rows in use. */
static void dj_make_room(j_common_ptr cinfo, struct dj_packed *array, JDIMENSION rows)
{
    if (rows <= array->room)
        return;
    free(array->window);
    free(array->blocks);
    array->room = 0;
    array->window = malloc(rows * sizeof(*array->window));
    array->blocks = malloc((size_t)rows * array->wide * sizeof(JBLOCK));
    if (!array->scratch)
        array->scratch = malloc((size_t)array->wide * DJ_BLOCK_MAX);
    if (!array->window || !array->blocks || !array->scratch)
        ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 12);
    for (JDIMENSION n = 0; n < rows; n++)
        array->window[n] = (JBLOCKROW)(array->blocks + (size_t)n * array->wide * DCTSIZE2);
    array->room = rows;
}

/* Replaces libjpeg's own function. */
static JBLOCKARRAY dj_access(j_common_ptr cinfo, jvirt_barray_ptr pointer, JDIMENSION start,
                             JDIMENSION count, boolean writable)
{
    struct dj_packed *array = (struct dj_packed *)pointer;
    if (count > array->high || start > array->high - count)
        ERREXIT(cinfo, JERR_BAD_VIRTUAL_ACCESS);
    if (start < array->first || start + count > array->first + array->count) {
        dj_put_away(cinfo, array);
        dj_make_room(cinfo, array, count);
        for (JDIMENSION n = 0; n < count; n++) {
            if (array->rows[start + n].bytes)
                dj_packed_blocks(array, start + n, 0, array->wide, array->window[n][0]);
            else
                memset(array->window[n], 0, array->wide * sizeof(JBLOCK));
        }
        array->first = start;
        array->count = count;
    }
    array->written |= writable;
    return array->window + (start - array->first);
}

/* Likewise. The decoder asks for arrays of zeros that live as long as the picture. */
static jvirt_barray_ptr dj_request_packed(j_common_ptr cinfo, int pool, boolean zeros,
                                          JDIMENSION wide, JDIMENSION high, JDIMENSION most)
{
    struct dj_packed **list = dj_packed_of(cinfo);
    struct dj_packed *array = calloc(1, sizeof(*array));
    (void)pool;
    (void)zeros;
    (void)most;
    if (!array)
        ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 13);
    array->next = *list;
    *list = array;
    array->wide = wide;
    array->rows = calloc(high, sizeof(*array->rows));
    if (!array->rows)
        ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 14);
    array->high = high;
    return (jvirt_barray_ptr)array;
}

void dj_packed_install(j_decompress_ptr cinfo)
{
    cinfo->mem->request_virt_barray = dj_request_packed;
    cinfo->mem->access_virt_barray = dj_access;
}

void dj_packed_close(j_common_ptr cinfo)
{
    for (struct dj_packed *array = *dj_packed_of(cinfo); array; array = array->next) {
        dj_put_away(cinfo, array);
        free(array->window);
        free(array->blocks);
        free(array->scratch);
        array->window = NULL;
        array->blocks = NULL;
        array->scratch = NULL;
        array->room = 0;
    }
}

void dj_packed_free(struct dj_packed *list)
{
    while (list) {
        struct dj_packed *next = list->next;
        for (JDIMENSION y = 0; y < list->high; y++)
            free(list->rows[y].bytes);
        free(list->rows);
        free(list->window);
        free(list->blocks);
        free(list->scratch);
        free(list);
        list = next;
    }
}

void dj_packed_blocks(const struct dj_packed *array, JDIMENSION row, JDIMENSION first,
                      JDIMENSION count, JCOEF *blocks)
{
    const uint8_t *from = array->rows[row].bytes;
    JBLOCK skipped;
    if (!from) {
        memset(blocks, 0, count * sizeof(JBLOCK));
        return;
    }
    for (JDIMENSION x = 0; x < first; x++)
        from = dj_unpack_block(from, skipped);
    for (JDIMENSION x = 0; x < count; x++)
        from = dj_unpack_block(from, blocks + (size_t)x * DCTSIZE2);
}

uint64_t dj_packed_bytes(const struct dj_packed *list)
{
    uint64_t bytes = 0;
    for (; list; list = list->next)
        for (JDIMENSION y = 0; y < list->high; y++)
            bytes += list->rows[y].length;
    return bytes;
}
