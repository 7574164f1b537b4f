/* What Rust needs of libjpeg, with every longjmp kept on the C side.
 *
 * libjpeg reports errors by a callback that must not return. Here it jumps back into the
 * function that Rust called, which then answers 0 and leaves the message in the handle.
 * Each handle owns its libjpeg object; dj_*_free releases everything at any point.
 * Called by read.rs (coefficients), pixels.rs and write.rs. */

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

#define DJ_COMPONENTS 4
#define DJ_MESSAGE (JMSG_LENGTH_MAX + 1)

struct dj_error {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    char message[DJ_MESSAGE]; /* the error, or else the first warning */
};

static void dj_error_exit(j_common_ptr cinfo)
{
    struct dj_error *error = (struct dj_error *)cinfo->err;
    (*cinfo->err->format_message)(cinfo, error->message);
    longjmp(error->jump, 1);
}

static void dj_note_damage(j_decompress_ptr cinfo);

static void dj_emit_message(j_common_ptr cinfo, int level)
{
    struct dj_error *error = (struct dj_error *)cinfo->err;
    if (level >= 0)
        return;
    if (cinfo->err->num_warnings++ == 0)
        (*cinfo->err->format_message)(cinfo, error->message);
    if (cinfo->is_decompressor)
        dj_note_damage((j_decompress_ptr)cinfo);
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
};

struct dj_reader {
    struct jpeg_decompress_struct cinfo;
    struct dj_error error;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jvirt_barray_ptr *coefficients;
    int max_scans;
    int truncated;    /* the data ended before the end-of-image marker */
    uint8_t *damaged; /* for each row of interleaved MCUs, once the header is read */
};

/* Marks rows `from` up to, not including, `to`. */
static void dj_mark(j_decompress_ptr cinfo, uint32_t from, uint32_t to)
{
    struct dj_reader *reader = (struct dj_reader *)cinfo->client_data;
    if (to > cinfo->total_iMCU_rows)
        to = cinfo->total_iMCU_rows;
    if (from < to)
        memset(reader->damaged + from, 1, to - from);
}

/* Whether every component has been read to its last row: a scan that is still to come could
 * only be missed in a progressive file. */
static int dj_complete(j_decompress_ptr cinfo)
{
    if (cinfo->progressive_mode || cinfo->input_iMCU_row < cinfo->total_iMCU_rows)
        return 0;
    for (int c = 0; c < cinfo->num_components; c++)
        if (!cinfo->comp_info[c].quant_table)
            return 0;
    return 1;
}

/* Rows that are in doubt after a warning in `row` of a scan with restart markers: from the
 * interval before the one that begins there, if the warning came at a marker, up to the end of
 * the last interval that can have begun; or, of data before a marker, to its start. */
static void dj_mark_intervals(j_decompress_ptr cinfo, int at_marker, int before_only)
{
    int alone = cinfo->comps_in_scan == 1;
    uint64_t row = cinfo->input_iMCU_row, interval = cinfo->restart_interval;
    uint64_t in_row = (uint64_t)cinfo->MCUs_per_row
        * (alone ? (uint64_t)cinfo->cur_comp_info[0]->v_samp_factor : 1);
    if (!in_row || row >= cinfo->total_iMCU_rows)
        return;
    uint64_t first = (row * in_row + interval - 1) / interval * interval;
    uint64_t last = ((row + 1) * in_row - 1) / interval * interval;
    uint64_t from = at_marker && first >= interval ? (first - interval) / in_row : row;
    uint64_t to = ((before_only ? last : last + interval) + in_row - 1) / in_row;
    if (at_marker && from > row)
        from = row;
    dj_mark(cinfo, (uint32_t)from,
            to < cinfo->total_iMCU_rows ? (uint32_t)to : cinfo->total_iMCU_rows);
}

/* Called for each warning: marks the rows whose levels can no longer be trusted. Without
 * restart markers that is everything from here on; with them, the intervals that may be hit.
 * An end that comes before all scans have been seen leaves every row with less than the
 * encoder wrote. */
static void dj_note_damage(j_decompress_ptr cinfo)
{
    struct dj_reader *reader = (struct dj_reader *)cinfo->client_data;
    uint32_t row = cinfo->input_iMCU_row, rows = cinfo->total_iMCU_rows;
    int code = cinfo->err->msg_code;
    int one_scan = cinfo->comps_in_scan == cinfo->num_components && !cinfo->progressive_mode;
    if (!reader->damaged || dj_complete(cinfo))
        return;
    switch (code) {
    case JWRN_JPEG_EOF: /* bits are read ahead: if this row lacks any, HIT_MARKER follows */
        dj_mark(cinfo, one_scan ? row + 1 : 0, rows);
        break;
    case JWRN_HIT_MARKER:
        if (!one_scan && cinfo->unread_marker == JPEG_EOI)
            dj_mark(cinfo, 0, rows);
        /* fall through */
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        if (cinfo->restart_interval)
            dj_mark_intervals(cinfo, code == JWRN_MUST_RESYNC, 0);
        else
            dj_mark(cinfo, row, rows);
        break;
    case JWRN_EXTRANEOUS_DATA: /* before a restart marker: the interval ended too early */
        if (cinfo->restart_interval)
            dj_mark_intervals(cinfo, 1, 1);
        break;
    }
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
    reader->truncated = 1;
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
}

static int dj_reader_create(struct dj_reader *reader, uint32_t max_marker)
{
    reader->cinfo.err = dj_error_init(&reader->error);
    if (setjmp(reader->error.jump))
        return 0;
    jpeg_create_decompress(&reader->cinfo);
    reader->cinfo.client_data = reader;
    for (int n = 0; n < 16; n++) /* EXIF, ICC, XMP, IPTC; the others are named */
        jpeg_save_markers(&reader->cinfo, JPEG_APP0 + n, max_marker);
    jpeg_save_markers(&reader->cinfo, JPEG_COM, max_marker);
    return 1;
}

struct dj_reader *dj_reader_new(int max_scans, uint32_t max_marker)
{
    struct dj_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return NULL;
    reader->max_scans = max_scans;
    if (!dj_reader_create(reader, max_marker)) {
        jpeg_destroy_decompress(&reader->cinfo);
        free(reader);
        return NULL;
    }
    return reader;
}

void dj_reader_free(struct dj_reader *reader)
{
    jpeg_destroy_decompress(&reader->cinfo);
    free(reader->damaged);
    free(reader);
}

const char *dj_reader_message(const struct dj_reader *reader)
{
    return reader->error.message;
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
    reader->damaged = calloc(cinfo->total_iMCU_rows, 1);
    if (!reader->damaged) {
        snprintf(reader->error.message, DJ_MESSAGE, "out of memory");
        return 0;
    }

    memset(info, 0, sizeof(*info));
    info->width = cinfo->image_width;
    info->height = cinfo->image_height;
    info->components = cinfo->num_components;
    info->color_space = cinfo->jpeg_color_space;
    info->progressive = cinfo->progressive_mode;
    info->max_h = cinfo->max_h_samp_factor;
    info->max_v = cinfo->max_v_samp_factor;
    info->mcu_rows = cinfo->total_iMCU_rows;
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
    reader->progress.progress_monitor = dj_progress;
    reader->cinfo.progress = &reader->progress;
    reader->coefficients = jpeg_read_coefficients(&reader->cinfo);
    return reader->coefficients != NULL;
}

/* Decodes to interleaved RGB, as libjpeg-turbo does when it is asked for nothing else: the
 * accurate integer DCT, smooth chroma. `pixels` has room for width * height * 3 bytes. */
int dj_reader_pixels(struct dj_reader *reader, uint8_t *pixels)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    if (setjmp(reader->error.jump))
        return 0;
    reader->progress.progress_monitor = dj_progress;
    cinfo->progress = &reader->progress;
    cinfo->out_color_space = JCS_RGB;
    cinfo->dct_method = JDCT_ISLOW;
    jpeg_start_decompress(cinfo);
    while (cinfo->output_scanline < cinfo->output_height) {
        JSAMPROW row = pixels + (size_t)cinfo->output_scanline * cinfo->output_width * 3;
        jpeg_read_scanlines(cinfo, &row, 1);
    }
    return !reader->truncated;
}

/* Copies component `c`: blocks in raster order, levels in natural order, steps likewise. */
int dj_reader_component(struct dj_reader *reader, int c, int16_t *levels, uint16_t *steps)
{
    j_decompress_ptr cinfo = &reader->cinfo;
    const jpeg_component_info *component = &cinfo->comp_info[c];
    if (setjmp(reader->error.jump))
        return 0;
    if (!component->quant_table) {
        snprintf(reader->error.message, DJ_MESSAGE, "component %d has no quantisation table", c);
        return 0;
    }
    memcpy(steps, component->quant_table->quantval, 64 * sizeof(uint16_t));
    size_t row_bytes = (size_t)component->width_in_blocks * sizeof(JBLOCK);
    for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
        JBLOCKARRAY row = (*cinfo->mem->access_virt_barray)(
            (j_common_ptr)cinfo, reader->coefficients[c], y, 1, FALSE);
        memcpy((char *)levels + y * row_bytes, row[0], row_bytes);
    }
    return 1;
}

/* Warnings so far; `rows` has room for the rows of MCUs and takes 1 for each damaged one. */
int32_t dj_reader_damage(const struct dj_reader *reader, uint8_t *rows)
{
    memcpy(rows, reader->damaged, reader->cinfo.total_iMCU_rows);
    return (int32_t)reader->error.base.num_warnings;
}

/* The marker number `index`, in file order; 0 when there are no more. */
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

/* jpeg_mem_dest would leave a dangling buffer behind when an error jumps out of it. */
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

/* Baseline parameters as libjpeg-turbo's own: none of mozjpeg's extras. */
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

/* Encodes interleaved 8-bit pixels (one byte for grey, three for RGB). */
int dj_writer_pixels(struct dj_writer *writer, const struct dj_plan *plan, const uint8_t *pixels)
{
    j_compress_ptr cinfo = &writer->cinfo;
    size_t stride = (size_t)plan->width * (size_t)plan->components;
    if (setjmp(writer->error.jump))
        return 0;
    dj_destination(writer);
    dj_configure(cinfo, plan, plan->components == 1 ? JCS_GRAYSCALE : JCS_RGB);
    jpeg_start_compress(cinfo, TRUE);
    while (cinfo->next_scanline < cinfo->image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + stride * cinfo->next_scanline);
        jpeg_write_scanlines(cinfo, &row, 1);
    }
    jpeg_finish_compress(cinfo);
    return 1;
}
