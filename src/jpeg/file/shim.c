/* The part of libjpeg that Rust needs, with every longjmp kept on the C side.
 *
 * libjpeg reports errors by a callback that must not return. Here it jumps back into the
 * function that Rust called, which then returns 0 and leaves the message in the handle.
 * Each handle owns its libjpeg object; dj_*_free releases everything at any point.
 * Called by read.rs (coefficients), pixels.rs and write.rs. */

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

#include "ledger.h"
#include "packed.h"

#define DJ_MESSAGE (JMSG_LENGTH_MAX + 1)

struct dj_error {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    char message[DJ_MESSAGE]; /* the error, or else the first warning; those of lost data first */
    int grave;                /* whether it is one of those */
};

static void dj_error_exit(j_common_ptr cinfo)
{
    struct dj_error *error = (struct dj_error *)cinfo->err;
    (*cinfo->err->format_message)(cinfo, error->message);
    longjmp(error->jump, 1);
}

static struct dj_ledger *dj_ledger_in(j_common_ptr cinfo);

static void dj_emit_message(j_common_ptr cinfo, int level)
{
    struct dj_error *error = (struct dj_error *)cinfo->err;
    struct dj_ledger *ledger = dj_ledger_in(cinfo);
    int grave = ledger && dj_ledger_note(ledger, (j_decompress_ptr)cinfo);
    if (level >= 0)
        return;
    if (cinfo->err->num_warnings++ == 0 || (grave && !error->grave))
        (*cinfo->err->format_message)(cinfo, error->message);
    error->grave |= grave;
}

static void dj_output_message(j_common_ptr cinfo)
{
    (void)cinfo;
}

static struct jpeg_error_mgr *dj_error_init(struct dj_error *error)
{
    jpeg_std_error(&error->base);
    error->base.error_exit = dj_error_exit;
    error->base.emit_message = dj_emit_message;
    error->base.output_message = dj_output_message;
    return &error->base;
}

/* ---- reading ---- */

struct dj_info {
    uint32_t width, height;
    int32_t components;
    int32_t color_space; /* J_COLOR_SPACE of the file */
    int32_t progressive;
    int32_t max_h, max_v;
    uint32_t mcu_rows; /* rows of interleaved MCUs */
    int32_t h[DJ_COMPONENTS], v[DJ_COMPONENTS], id[DJ_COMPONENTS];
    uint32_t blocks_wide[DJ_COMPONENTS], blocks_high[DJ_COMPONENTS];
    uint64_t fewest_bits; /* that the first scan takes, if it is not cut short */
    uint64_t scan_bytes;  /* of the data behind its header */
};

struct dj_reader {
    struct jpeg_decompress_struct cinfo;
    struct dj_error error;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jvirt_barray_ptr *coefficients;
    int max_scans;
    struct dj_ledger ledger;
    int watches; /* the ledger is kept */
    struct dj_packed *packed;
};

struct dj_ledger *dj_ledger_of(j_decompress_ptr cinfo)
{
    return &((struct dj_reader *)cinfo->client_data)->ledger;
}

struct dj_packed **dj_packed_of(j_common_ptr cinfo)
{
    return &((struct dj_reader *)cinfo->client_data)->packed;
}

/* The ledger of a file whose coefficients are read. */
static struct dj_ledger *dj_ledger_in(j_common_ptr cinfo)
{
    struct dj_reader *reader = (struct dj_reader *)cinfo->client_data;
    return cinfo->is_decompressor && reader && reader->watches ? &reader->ledger : NULL;
}

static void dj_source_nothing(j_decompress_ptr cinfo)
{
    (void)cinfo;
}

/* Out of data: remember where, and let libjpeg see an end-of-image marker. */
static boolean dj_source_fill(j_decompress_ptr cinfo)
{
    static const JOCTET end[2] = { 0xFF, JPEG_EOI };
    struct dj_reader *reader = (struct dj_reader *)cinfo->client_data;
    reader->ledger.truncated = TRUE;
    WARNMS(cinfo, JWRN_JPEG_EOF);
    cinfo->src->next_input_byte = end;
    cinfo->src->bytes_in_buffer = 2;
    return TRUE;
}

static void dj_source_skip(j_decompress_ptr cinfo, long count)
{
    while (count > (long)cinfo->src->bytes_in_buffer) {
        count -= (long)cinfo->src->bytes_in_buffer;
        dj_source_fill(cinfo);
        if (count <= 2)
            break;
        count = 2; /* past the end there is nothing to skip over */
    }
    if (count > 0) {
        cinfo->src->next_input_byte += count;
        cinfo->src->bytes_in_buffer -= (size_t)count;
    }
}

static void dj_progress(j_common_ptr common)
{
    j_decompress_ptr cinfo = (j_decompress_ptr)common;
    struct dj_reader *reader = (struct dj_reader *)cinfo->client_data;
    if (cinfo->input_scan_number > reader->max_scans) {
        snprintf(reader->error.message, DJ_MESSAGE, "more than %d scans", reader->max_scans);
        longjmp(reader->error.jump, 1);
    }
    if (reader->watches)
        dj_ledger_watch(&reader->ledger, cinfo);
}

static int dj_reader_create(struct dj_reader *reader, uint32_t max_marker, int packs)
{
    reader->cinfo.err = dj_error_init(&reader->error);
    if (setjmp(reader->error.jump))
        return 0;
    jpeg_create_decompress(&reader->cinfo);
    reader->cinfo.client_data = reader;
    if (packs)
        dj_packed_install(&reader->cinfo);
    for (int n = 0; n < 16; n++) /* EXIF, ICC, XMP, IPTC; the others are named */
        jpeg_save_markers(&reader->cinfo, JPEG_APP0 + n, max_marker);
    jpeg_save_markers(&reader->cinfo, JPEG_COM, max_marker);
    return 1;
}

/* If `packs`, coefficients are kept packed. */
struct dj_reader *dj_reader_new(int max_scans, uint32_t max_marker, int packs)
{
    struct dj_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return NULL;
    reader->max_scans = max_scans;
    if (!dj_reader_create(reader, max_marker, packs)) {
        jpeg_destroy_decompress(&reader->cinfo);
        free(reader);
        return NULL;
    }
    return reader;
}

void dj_reader_free(struct dj_reader *reader)
{
    jpeg_destroy_decompress(&reader->cinfo);
    dj_ledger_free(&reader->ledger);
    dj_packed_free(reader->packed);
    free(reader);
}

const char *dj_reader_message(const struct dj_reader *reader)
{
    return reader->error.message;
}

/* A Huffman code has at least one bit, and a block of a sequential scan at least two codes. In
 * other scans a run may mean any number of blocks, and arithmetic coding has no lower limit. */
static uint64_t dj_fewest_bits(j_decompress_ptr cinfo)
{
    uint64_t blocks = 0;
    if (cinfo->arith_code || (cinfo->progressive_mode && cinfo->Ss != 0))
        return 0;
    for (int n = 0; n < cinfo->comps_in_scan; n++) {
        const jpeg_component_info *component = cinfo->cur_comp_info[n];
        blocks += (uint64_t)component->width_in_blocks * component->height_in_blocks;
    }
    return cinfo->progressive_mode ? blocks : 2 * blocks;
}

int dj_reader_header(struct dj_reader *reader, const uint8_t *data, size_t length, struct dj_info *info)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    if (setjmp(reader->error.jump))
        return 0;
    reader->source.init_source = dj_source_nothing;
    reader->source.fill_input_buffer = dj_source_fill;
    reader->source.skip_input_data = dj_source_skip;
    reader->source.resync_to_restart = jpeg_resync_to_restart;
    reader->source.term_source = dj_source_nothing;
    reader->source.next_input_byte = data;
    reader->source.bytes_in_buffer = length;
    cinfo->src = &reader->source;
    jpeg_read_header(cinfo, TRUE);

    memset(info, 0, sizeof(*info));
    info->width = cinfo->image_width;
    info->height = cinfo->image_height;
    info->components = cinfo->num_components;
    info->color_space = cinfo->jpeg_color_space;
    info->progressive = cinfo->progressive_mode;
    info->max_h = cinfo->max_h_samp_factor;
    info->max_v = cinfo->max_v_samp_factor;
    info->mcu_rows = cinfo->total_iMCU_rows;
    info->fewest_bits = dj_fewest_bits(cinfo);
    info->scan_bytes = cinfo->src->bytes_in_buffer;
    for (int c = 0; c < cinfo->num_components && c < DJ_COMPONENTS; c++) {
        const jpeg_component_info *component = &cinfo->comp_info[c];
        info->id[c] = component->component_id;
        info->h[c] = component->h_samp_factor;
        info->v[c] = component->v_samp_factor;
        info->blocks_wide[c] = component->width_in_blocks;
        info->blocks_high[c] = component->height_in_blocks;
    }
    return 1;
}

int dj_reader_decode(struct dj_reader *reader)
{
    if (setjmp(reader->error.jump))
        return 0;
    if (!dj_ledger_open(&reader->ledger, &reader->cinfo)) {
        snprintf(reader->error.message, DJ_MESSAGE, "out of memory");
        return 0;
    }
    reader->watches = 1;
    reader->progress.progress_monitor = dj_progress;
    reader->cinfo.progress = &reader->progress;
    reader->coefficients = jpeg_read_coefficients(&reader->cinfo);
    return reader->coefficients != NULL;
}

/* How much of `data` has been read: up to behind the last marker, or scan header. 0 if all has. */
size_t dj_reader_place(const struct dj_reader *reader, const uint8_t *data)
{
    return reader->ledger.truncated ? 0 : (size_t)(reader->source.next_input_byte - data);
}

/* Decodes to interleaved RGB, or CMYK if the file has four components, with libjpeg-turbo's
 * defaults: the accurate integer DCT, smooth chroma. `pixels` has room
 * for width * height times 3, or 4, bytes. */
int dj_reader_pixels(struct dj_reader *reader, uint8_t *pixels)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    if (setjmp(reader->error.jump))
        return 0;
    reader->progress.progress_monitor = dj_progress;
    cinfo->progress = &reader->progress;
    /* libjpeg cannot convert CMYK to RGB. */
    int channels = cinfo->num_components == 4 ? 4 : 3;
    cinfo->out_color_space = channels == 4 ? JCS_CMYK : JCS_RGB;
    cinfo->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(cinfo);
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW row = pixels + (size_t)cinfo->output_scanline * cinfo->output_width * channels;
        jpeg_read_scanlines(cinfo, &row, 1);
    }
    return !reader->ledger.truncated;
}

/* Decodes to the planes of the components, as libjpeg shows them before chroma is upsampled: an
 * incomplete progressive file is smoothed, and what it cannot decode is grey. Each plane has 8 * blocks_wide samples in a row and 8 * v * mcu_rows rows. */
int dj_reader_planes(struct dj_reader *reader, uint8_t *const *planes)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    JSAMPROW rows[DJ_COMPONENTS][4 * DCTSIZE];
    JSAMPARRAY arrays[DJ_COMPONENTS];
    if (setjmp(reader->error.jump))
        return 0;
    reader->progress.progress_monitor = dj_progress;
    cinfo->progress = &reader->progress;
    cinfo->raw_data_out = TRUE;
    cinfo->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(cinfo);
    JDIMENSION lines = (JDIMENSION)cinfo->max_v_samp_factor * DCTSIZE;
    while (cinfo->output_scanline < cinfo->output_height) {
        for (int c = 0; c < cinfo->num_components; c++) {
            const jpeg_component_info *component = &cinfo->comp_info[c];
            size_t stride = (size_t)component->width_in_blocks * DCTSIZE;
            size_t high = (size_t)component->v_samp_factor * DCTSIZE;
            size_t top = cinfo->output_scanline / lines * high;
            for (size_t y = 0; y < high; y++)
                rows[c][y] = planes[c] + (top + y) * stride;
            arrays[c] = rows[c];
        }
        jpeg_read_raw_data(cinfo, arrays, lines);
    }
    return 1;
}

/* The steps of component `c` in natural order. */
int dj_reader_steps(struct dj_reader *reader, int c, uint16_t *steps)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    const jpeg_component_info *component = &cinfo->comp_info[c];
    const JQUANT_TBL *table;
    /* No scan has set the table if the file ends before the component's scan. */
    table = component->quant_table;
    if (!table && component->quant_tbl_no >= 0 && component->quant_tbl_no < NUM_QUANT_TBLS)
        table = cinfo->quant_tbl_ptrs[component->quant_tbl_no];
    if (!table) {
        snprintf(reader->error.message, DJ_MESSAGE, "component %d has no quantisation table", c);
        return 0;
    }
    memcpy(steps, table->quantval, 64 * sizeof(uint16_t));
    return 1;
}

/* Copies component `c`: blocks in raster order, levels in natural order. */
int dj_reader_component(struct dj_reader *reader, int c, int16_t *levels)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    const jpeg_component_info *component = &cinfo->comp_info[c];
    if (setjmp(reader->error.jump))
        return 0;
    size_t row_bytes = (size_t)component->width_in_blocks * sizeof(JBLOCK);
    for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
        JBLOCKARRAY row = (*cinfo->mem->access_virt_barray)(
            (j_common_ptr)cinfo, reader->coefficients[c], y, 1, FALSE);
        memcpy((char *)levels + y * row_bytes, row[0], row_bytes);
    }
    return 1;
}

/* Ends the reading of coefficients that are kept packed: the data are not needed any more. */
int dj_reader_close(struct dj_reader *reader)
{
    if (setjmp(reader->error.jump))
        return 0;
    dj_packed_close((j_common_ptr)&reader->cinfo);
    reader->source.next_input_byte = NULL;
    reader->source.bytes_in_buffer = 0;
    return 1;
}

/* Copies `count` blocks of row `row` of component `c`, from block `first`. The reader is closed. */
void dj_reader_blocks(const struct dj_reader *reader, int c, uint32_t row, uint32_t first,
                      uint32_t count, int16_t *levels)
{
    const struct dj_packed *array = (const struct dj_packed *)reader->coefficients[c];
    dj_packed_blocks(array, row, first, count, levels);
}

/* Bytes that the packed coefficients take. */
uint64_t dj_reader_packed_bytes(const struct dj_reader *reader)
{
    return dj_packed_bytes(reader->packed);
}

/* Warnings so far. */
int32_t dj_reader_warnings(const struct dj_reader *reader)
{
    return (int32_t)reader->error.base.num_warnings;
}

/* The profile of each block of component `c`, in raster order. */
const uint8_t *dj_reader_profiles(const struct dj_reader *reader, int c)
{
    return reader->ledger.blocks[c];
}

/* The lowest bit of each coefficient that has arrived, by profile; -1 for none. */
const int8_t *dj_reader_bits(const struct dj_reader *reader, int32_t *profiles)
{
    *profiles = reader->ledger.profiles;
    return reader->ledger.bits[0];
}

/* The marker number `index`, in file order; 0 if there are no more. */
int dj_reader_marker(const struct dj_reader *reader, int index, int32_t *code,
                     const uint8_t **data, uint32_t *length)
{
    jpeg_saved_marker_ptr marker = reader->cinfo.marker_list;
    while (marker && index-- > 0)
        marker = marker->next;
    if (!marker)
        return 0;
    *code = marker->marker;
    *data = marker->data;
    *length = marker->data_length;
    return 1;
}

/* ---- writing ---- */

struct dj_plan {
    uint32_t width, height;
    int32_t components;
    int32_t color_space; /* J_COLOR_SPACE of the file */
    int32_t h[DJ_COMPONENTS], v[DJ_COMPONENTS];
    uint16_t steps[DJ_COMPONENTS][64];
    int32_t trellis; /* mozjpeg's own choices: trellis quantisation, progressive scans */
};

struct dj_writer {
    struct jpeg_compress_struct cinfo;
    struct dj_error error;
    struct jpeg_destination_mgr destination;
    uint8_t *bytes;
    size_t capacity, length;
};

/* jpeg_mem_dest would leave a dangling buffer behind if an error jumps out of it. */
static boolean dj_destination_grow(j_compress_ptr cinfo)
{
    struct dj_writer *writer = (struct dj_writer *)cinfo->client_data;
    size_t used = writer->capacity;
    size_t capacity = used ? 2 * used : 1 << 16;
    uint8_t *bytes = realloc(writer->bytes, capacity);
    if (!bytes)
        ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 10);
    writer->bytes = bytes;
    writer->capacity = capacity;
    cinfo->dest->next_output_byte = bytes + used;
    cinfo->dest->free_in_buffer = capacity - used;
    return TRUE;
}

static void dj_destination_init(j_compress_ptr cinfo)
{
    dj_destination_grow(cinfo);
}

static void dj_destination_term(j_compress_ptr cinfo)
{
    struct dj_writer *writer = (struct dj_writer *)cinfo->client_data;
    writer->length = writer->capacity - cinfo->dest->free_in_buffer;
}

static void dj_destination(struct dj_writer *writer)
{
    writer->destination.init_destination = dj_destination_init;
    writer->destination.empty_output_buffer = dj_destination_grow;
    writer->destination.term_destination = dj_destination_term;
    writer->cinfo.client_data = writer;
    writer->cinfo.dest = &writer->destination;
}

static int dj_writer_create(struct dj_writer *writer)
{
    writer->cinfo.err = dj_error_init(&writer->error);
    if (setjmp(writer->error.jump))
        return 0;
    jpeg_create_compress(&writer->cinfo);
    return 1;
}

struct dj_writer *dj_writer_new(void)
{
    struct dj_writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    if (!dj_writer_create(writer)) {
        jpeg_destroy_compress(&writer->cinfo);
        free(writer);
        return NULL;
    }
    return writer;
}

void dj_writer_free(struct dj_writer *writer)
{
    jpeg_destroy_compress(&writer->cinfo);
    free(writer->bytes);
    free(writer);
}

const char *dj_writer_message(const struct dj_writer *writer)
{
    return writer->error.message;
}

void dj_writer_result(const struct dj_writer *writer, const uint8_t **data, size_t *length)
{
    *data = writer->bytes;
    *length = writer->length;
}

/* The first component with the same steps: equal tables are written once. */
static int dj_table_of(const struct dj_plan *plan, int c)
{
    int first = 0;
    while (memcmp(plan->steps[first], plan->steps[c], sizeof(plan->steps[c])) != 0)
        first++;
    return first;
}

/* Baseline parameters like libjpeg-turbo's, without mozjpeg's extras. */
static void dj_configure(j_compress_ptr cinfo, const struct dj_plan *plan, J_COLOR_SPACE input)
{
    cinfo->image_width = plan->width;
    cinfo->image_height = plan->height;
    cinfo->input_components = plan->components;
    cinfo->in_color_space = input;
    jpeg_c_set_int_param(cinfo, JINT_COMPRESS_PROFILE,
                         plan->trellis ? JCP_MAX_COMPRESSION : JCP_FASTEST);
    jpeg_set_defaults(cinfo);
    jpeg_set_colorspace(cinfo, (J_COLOR_SPACE)plan->color_space);
    for (int c = 0; c < plan->components; c++) {
        unsigned int table[DCTSIZE2];
        for (int i = 0; i < DCTSIZE2; i++)
            table[i] = plan->steps[c][i];
        jpeg_add_quant_table(cinfo, c, table, 100, FALSE);
        cinfo->comp_info[c].quant_tbl_no = dj_table_of(plan, c);
        cinfo->comp_info[c].h_samp_factor = plan->h[c];
        cinfo->comp_info[c].v_samp_factor = plan->v[c];
    }
}

/* libjpeg cuts steps at 32767; tables of 16 bits go up to 65535, and levels keep theirs. */
static void dj_keep_steps(j_compress_ptr cinfo, const struct dj_plan *plan)
{
    for (int c = 0; c < plan->components; c++)
        for (int i = 0; i < DCTSIZE2; i++)
            if (plan->steps[c][i] != 0)
                cinfo->quant_tbl_ptrs[c]->quantval[i] = plan->steps[c][i];
}

static jvirt_barray_ptr dj_request(j_compress_ptr cinfo, const struct dj_plan *plan, int c,
                                   uint32_t blocks_wide, uint32_t blocks_high)
{
    return (*cinfo->mem->request_virt_barray)(
        (j_common_ptr)cinfo, JPOOL_IMAGE, TRUE,
        (blocks_wide + plan->h[c] - 1) / plan->h[c] * plan->h[c],
        (blocks_high + plan->v[c] - 1) / plan->v[c] * plan->v[c], (JDIMENSION)plan->v[c]);
}

/* Writes levels (blocks in raster order, natural order inside) as a baseline JPEG. */
int dj_writer_levels(struct dj_writer *writer, const struct dj_plan *plan,
                     const int16_t *const *levels, const uint32_t *blocks_wide,
                     const uint32_t *blocks_high)
{
    j_compress_ptr cinfo = &writer->cinfo;
    jvirt_barray_ptr arrays[DJ_COMPONENTS];
    if (setjmp(writer->error.jump))
        return 0;
    dj_destination(writer);
    dj_configure(cinfo, plan, (J_COLOR_SPACE)plan->color_space);
    dj_keep_steps(cinfo, plan);
    cinfo->optimize_coding = TRUE;
    for (int c = 0; c < plan->components; c++)
        arrays[c] = dj_request(cinfo, plan, c, blocks_wide[c], blocks_high[c]);
    jpeg_write_coefficients(cinfo, arrays);
    for (int c = 0; c < plan->components; c++) {
        size_t row_bytes = (size_t)blocks_wide[c] * sizeof(JBLOCK);
        for (JDIMENSION y = 0; y < blocks_high[c]; y++) {
            JBLOCKARRAY row = (*cinfo->mem->access_virt_barray)(
                (j_common_ptr)cinfo, arrays[c], y, 1, TRUE);
            memcpy(row[0], (const char *)levels[c] + y * row_bytes, row_bytes);
        }
    }
    jpeg_finish_compress(cinfo);
    return 1;
}

/* Begins to encode interleaved 8-bit pixels (one byte for grey, three for RGB). */
int dj_writer_begin(struct dj_writer *writer, const struct dj_plan *plan)
{
    j_compress_ptr cinfo = &writer->cinfo;
    if (setjmp(writer->error.jump))
        return 0;
    dj_destination(writer);
    dj_configure(cinfo, plan, plan->components == 1 ? JCS_GRAYSCALE : JCS_RGB);
    jpeg_start_compress(cinfo, TRUE);
    return 1;
}

/* Encodes the next `count` rows. */
int dj_writer_rows(struct dj_writer *writer, const uint8_t *pixels, uint32_t count)
{
    j_compress_ptr cinfo = &writer->cinfo;
    size_t stride = (size_t)cinfo->image_width * (size_t)cinfo->input_components;
    if (setjmp(writer->error.jump))
        return 0;
    for (uint32_t y = 0; y < count; y++) {
        JSAMPROW row = (JSAMPROW)(pixels + stride * y);
        jpeg_write_scanlines(cinfo, &row, 1);
    }
    return 1;
}

/* Ends a picture all of whose rows were encoded. */
int dj_writer_end(struct dj_writer *writer)
{
    if (setjmp(writer->error.jump))
        return 0;
    jpeg_finish_compress(&writer->cinfo);
    return 1;
}
