/*
 * Restores a JPEG file and writes it as PPM, or as PGM if it is grey.
 *
 *     cc restore.c -o restore $(pkg-config --cflags --libs ddrmjpeg)
 *     ./restore IN.jpg OUT.ppm [NAME VALUE]...      such as: preset quality
 */
#include <ddrmjpeg.h>

#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, ddrmjpeg_last_error());
    return 1;
}

/* The bytes of a file, to be freed; NULL if it cannot be read. */
static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;
    long end;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0) {
        rewind(file);
        data = malloc((size_t)end + 1);
        if (data)
            *size = fread(data, 1, (size_t)end, file);
    }
    fclose(file);
    return data;
}

static int write_picture(const ddrmjpeg_picture *picture, const char *path)
{
    ddrmjpeg_frame frame = {.struct_size = sizeof frame};
    int grey = ddrmjpeg_picture_channels(picture) == 1;
    int status = 1;
    FILE *file;

    frame.width = ddrmjpeg_picture_width(picture);
    frame.height = ddrmjpeg_picture_height(picture);
    frame.format = grey ? DDRMJPEG_FORMAT_GREY : DDRMJPEG_FORMAT_RGB;
    frame.strides[0] = (size_t)frame.width * (grey ? 1 : 3);
    frame.sizes[0] = frame.strides[0] * frame.height;
    frame.planes[0] = malloc(frame.sizes[0]);
    if (!frame.planes[0])
        return 1;
    if (ddrmjpeg_picture_write(picture, &frame) != DDRMJPEG_STATUS_OK) {
        failed(path);
    } else if ((file = fopen(path, "wb")) != NULL) {
        fprintf(file, "P%d\n%u %u\n255\n", grey ? 5 : 6, frame.width, frame.height);
        if (fwrite(frame.planes[0], 1, frame.sizes[0], file) == frame.sizes[0])
            status = 0;
        if (fclose(file) != 0)
            status = 1;
    }
    free(frame.planes[0]);
    return status;
}

static int restore(const ddrmjpeg_options *options, const char *from, const char *to)
{
    ddrmjpeg_restorer *restorer = NULL;
    ddrmjpeg_picture *picture = NULL;
    size_t size = 0, number;
    const char *note;
    int status = 1;
    unsigned char *data = read_file(from, &size);

    if (!data)
        perror(from);
    else if (ddrmjpeg_restorer_open(options, &restorer) != DDRMJPEG_STATUS_OK)
        failed("the model");
    else if (ddrmjpeg_restore_jpeg(restorer, options, data, size, &picture) != DDRMJPEG_STATUS_OK)
        failed(from);
    else {
        for (number = 0; (note = ddrmjpeg_picture_note(picture, number)) != NULL; number++)
            fprintf(stderr, "%s: %s\n", from, note);
        status = write_picture(picture, to);
    }
    ddrmjpeg_picture_free(picture);
    ddrmjpeg_restorer_free(restorer);
    free(data);
    return status;
}

int main(int count, char **arguments)
{
    ddrmjpeg_options *options = ddrmjpeg_options_new();
    int status = 2, i;

    if (count < 3 || count % 2 == 0) {
        fprintf(stderr, "usage: %s IN.jpg OUT.ppm [NAME VALUE]...\n", arguments[0]);
    } else {
        for (i = 3; i + 1 < count; i += 2)
            if (ddrmjpeg_options_set(options, arguments[i], arguments[i + 1]) != DDRMJPEG_STATUS_OK)
                break;
        status = i + 1 < count ? failed(arguments[i]) : restore(options, arguments[1], arguments[2]);
    }
    ddrmjpeg_options_free(options);
    return status;
}
