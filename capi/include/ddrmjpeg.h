/*
 * ddrmjpeg: JPEG and MJPEG restoration by diffusion.
 *
 * Functions that can fail return a status, DDRMJPEG_STATUS_OK or what went wrong;
 * ddrmjpeg_last_error has the sentence to it. What a function creates comes through its last
 * argument, which is left alone if it fails, and has a function of its own that frees it.
 *
 * Pointers: NULL is refused with a status, or ignored where something is freed. Any other must
 * point to what its type says, for the length given. Nothing that is handed in is kept after the
 * call, and nothing needs another alignment than its type's.
 *
 * Threads: every function may be called from any thread. A ddrmjpeg_restorer, and what is declared
 * const, may be used by many threads at once. A ddrmjpeg_stream and the options while they are set
 * are for one thread at a time. An object is freed once, when no thread uses it any more; streams
 * and pictures may outlive what made them.
 *
 * Binary interface: functions and numbers stay. Structs open with their size, so that later ones
 * can be longer.
 */

#ifndef DDRMJPEG_H
#define DDRMJPEG_H

/* Made by cbindgen from capi/src: cargo test -p ddrmjpeg-capi --test header compares. */

#include <stddef.h>
#include <stdint.h>

/**
 * How a call ended.
 */
enum ddrmjpeg_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * All is done.
   */
  DDRMJPEG_STATUS_OK = 0,
  /**
   * The bytes or pixels handed in are broken.
   */
  DDRMJPEG_STATUS_INPUT = 1,
  /**
   * The input is sound, but of a kind that is not handled.
   */
  DDRMJPEG_STATUS_UNSUPPORTED = 2,
  /**
   * An option has a name that does not exist or a value out of its range, or two contradict.
   */
  DDRMJPEG_STATUS_OPTIONS = 3,
  /**
   * A model file is not one, is damaged, or does not fit its network.
   */
  DDRMJPEG_STATUS_CHECKPOINT = 4,
  /**
   * The input is larger than the limits in force.
   */
  DDRMJPEG_STATUS_LIMITS = 5,
  /**
   * The device failed, or the process that computes elsewhere.
   */
  DDRMJPEG_STATUS_BACKEND = 6,
  /**
   * A file could not be read.
   */
  DDRMJPEG_STATUS_IO = 7,
  /**
   * The work was stopped.
   */
  DDRMJPEG_STATUS_CANCELLED = 8,
  /**
   * A pointer is NULL or not aligned, a size is too large, a text is not UTF-8, or planes that
   * are to be written overlap.
   */
  DDRMJPEG_STATUS_ARGUMENT = 9,
  /**
   * A fault of this library; the object that was used may be freed, and a stream starts over.
   */
  DDRMJPEG_STATUS_INTERNAL = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ddrmjpeg_status ddrmjpeg_status;
#else
typedef int32_t ddrmjpeg_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * How the bytes of a frame are arranged; 8 bits a sample.
 */
enum ddrmjpeg_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * One plane of full-range luma.
   */
  DDRMJPEG_FORMAT_GREY = 0,
  /**
   * One plane of R, G, B.
   */
  DDRMJPEG_FORMAT_RGB = 1,
  /**
   * One plane of B, G, R.
   */
  DDRMJPEG_FORMAT_BGR = 2,
  /**
   * One plane of R, G, B and a fourth byte, which is neither read nor written.
   */
  DDRMJPEG_FORMAT_RGBA = 3,
  /**
   * One plane of B, G, R and a fourth byte, which is neither read nor written.
   */
  DDRMJPEG_FORMAT_BGRA = 4,
  /**
   * Three planes: R, G, B.
   */
  DDRMJPEG_FORMAT_PLANAR_RGB = 5,
  /**
   * Three planes: Y, Cb, Cr of BT.601 in full range, chroma at half of both sides.
   */
  DDRMJPEG_FORMAT_I420 = 6,
  /**
   * The same, chroma at half of the width.
   */
  DDRMJPEG_FORMAT_I422 = 7,
  /**
   * The same, chroma at full size.
   */
  DDRMJPEG_FORMAT_I444 = 8,
  /**
   * Two planes: Y, and Cb and Cr side by side at half of both sides.
   */
  DDRMJPEG_FORMAT_NV12 = 9,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ddrmjpeg_format ddrmjpeg_format;
#else
typedef uint32_t ddrmjpeg_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Options of a model and of a restoration, at first all at their defaults.
 */
typedef struct ddrmjpeg_options ddrmjpeg_options;

/**
 * A restored picture, and the notes on what was done.
 */
typedef struct ddrmjpeg_picture ddrmjpeg_picture;

/**
 * An opened model. Restores any number of pictures, from any number of threads at once.
 */
typedef struct ddrmjpeg_restorer ddrmjpeg_restorer;

/**
 * The frames of one stream, one after another. What has not changed since the frame before is not
 * computed again. For one thread at a time.
 */
typedef struct ddrmjpeg_stream ddrmjpeg_stream;

/**
 * What a JPEG file says.
 */
typedef struct {
  /**
   * sizeof(ddrmjpeg_info), set by the caller.
   */
  size_t struct_size;
  /**
   * Width in pixels.
   */
  uint32_t width;
  /**
   * Height in pixels.
   */
  uint32_t height;
  /**
   * Components in the file: 1 for grey, 3, or 4 for CMYK and YCCK.
   */
  uint32_t components;
  /**
   * Luma samples per chroma sample horizontally; 1 without chroma.
   */
  uint32_t subsampling_x;
  /**
   * The same vertically.
   */
  uint32_t subsampling_y;
  /**
   * The IJG quality, if the tables are exactly libjpeg's of one; else 0.
   */
  uint32_t quality;
  /**
   * 1 if it is progressive, else 0.
   */
  uint32_t progressive;
  /**
   * How to turn the picture upright, as EXIF numbers it: 1 (it is upright) to 8.
   */
  uint32_t orientation;
  /**
   * 1 if the data end early or are damaged, else 0.
   */
  uint32_t damaged;
  /**
   * Zero.
   */
  uint32_t reserved;
} ddrmjpeg_info;

/**
 * A frame in memory of the caller's.
 */
typedef struct {
  /**
   * sizeof(ddrmjpeg_frame).
   */
  size_t struct_size;
  /**
   * One of ddrmjpeg_format.
   */
  uint32_t format;
  /**
   * Width in pixels.
   */
  uint32_t width;
  /**
   * Height in pixels.
   */
  uint32_t height;
  /**
   * Zero.
   */
  uint32_t reserved;
  /**
   * The planes; those that the format has not do not count. Read only, unless the frame is
   * given to ddrmjpeg_picture_write.
   */
  uint8_t *planes[3];
  /**
   * Bytes of each plane. Behind the last row no padding is needed.
   */
  size_t sizes[3];
  /**
   * Bytes from one row of each plane to the next.
   */
  size_t strides[3];
} ddrmjpeg_frame;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Tells what a JPEG file says. It is read to its end, which is how damage is found.
 */
ddrmjpeg_status ddrmjpeg_inspect(const uint8_t *data, size_t size, ddrmjpeg_info *info);

/**
 * New options, at their defaults. To be freed with ddrmjpeg_options_free.
 */
ddrmjpeg_options *ddrmjpeg_options_new(void);

/**
 * Sets one option by the name of the command's flag, without the dashes before it, to a value as
 * the command takes it: "preset" to "quality", "strict" to "true", "model" to "nano". What is
 * refused leaves the options as they were.
 */
ddrmjpeg_status ddrmjpeg_options_set(ddrmjpeg_options *options,
                                     const char *name,
                                     const char *value);

/**
 * Frees options.
 */
void ddrmjpeg_options_free(ddrmjpeg_options *options);

/**
 * Width in pixels; 0 for NULL.
 */
uint32_t ddrmjpeg_picture_width(const ddrmjpeg_picture *picture);

/**
 * Height in pixels; 0 for NULL.
 */
uint32_t ddrmjpeg_picture_height(const ddrmjpeg_picture *picture);

/**
 * 1 for grey, 3 for RGB and YCbCr; 0 for NULL.
 */
uint32_t ddrmjpeg_picture_channels(const ddrmjpeg_picture *picture);

/**
 * 1 if the picture was restored, 0 if it was passed through, which the notes give the reason for;
 * 0 for NULL.
 */
uint32_t ddrmjpeg_picture_restored(const ddrmjpeg_picture *picture);

/**
 * What the user should know, such as data that ends early: the note of this number, from 0 on, in
 * UTF-8; NULL if there are no more. Valid until the picture is freed.
 */
const char *ddrmjpeg_picture_note(const ddrmjpeg_picture *picture, size_t number);

/**
 * Writes the pixels to a frame of the same size: RGB and BGR formats for a picture of RGB or grey,
 * DDRMJPEG_FORMAT_GREY for grey, and the format that came in for a frame of YCbCr.
 */
ddrmjpeg_status ddrmjpeg_picture_write(const ddrmjpeg_picture *picture,
                                       const ddrmjpeg_frame *frame);

/**
 * Frees a picture.
 */
void ddrmjpeg_picture_free(ddrmjpeg_picture *picture);

/**
 * Opens the model that the options name; those of a restoration do not count. NULL: the default,
 * "lean". One restorer serves for all pictures.
 */
ddrmjpeg_status ddrmjpeg_restorer_open(const ddrmjpeg_options *options, ddrmjpeg_restorer **out);

/**
 * Frees a restorer. Streams of it go on.
 */
void ddrmjpeg_restorer_free(ddrmjpeg_restorer *restorer);

/**
 * Restores the bytes of a JPEG file. The picture is RGB, or grey if the file is, and lies as in
 * the file: ddrmjpeg_inspect tells how EXIF wants it turned. Of the options those of a restoration
 * count; NULL: the defaults.
 */
ddrmjpeg_status ddrmjpeg_restore_jpeg(const ddrmjpeg_restorer *restorer,
                                      const ddrmjpeg_options *options,
                                      const uint8_t *data,
                                      size_t size,
                                      ddrmjpeg_picture **out);

/**
 * Restores a frame that another decoder has decoded, or any picture that was a JPEG once and was
 * not scaled since. quality: the IJG quality that it was encoded with, 1 to 100; 0: it is found
 * from the pixels, and a frame that shows none comes back as it was, with a note. The picture has
 * the colours and the sampling of the frame.
 */
ddrmjpeg_status ddrmjpeg_restore_frame(const ddrmjpeg_restorer *restorer,
                                       const ddrmjpeg_options *options,
                                       const ddrmjpeg_frame *frame,
                                       uint32_t quality,
                                       ddrmjpeg_picture **out);

/**
 * The version, such as "0.1.0". Valid for as long as the library is loaded.
 */
const char *ddrmjpeg_version(void);

/**
 * How the last call of this thread that failed ended; DDRMJPEG_STATUS_OK if none has.
 */
ddrmjpeg_status ddrmjpeg_last_status(void);

/**
 * What went wrong in the last call of this thread that failed, as a sentence in UTF-8; empty if
 * none has. Valid until another call of this thread fails, and until the thread ends.
 */
const char *ddrmjpeg_last_error(void);

/**
 * A stream that has seen no frame yet, with these options for all of its frames; NULL: the
 * defaults.
 */
ddrmjpeg_status ddrmjpeg_stream_open(const ddrmjpeg_restorer *restorer,
                                     const ddrmjpeg_options *options,
                                     ddrmjpeg_stream **out);

/**
 * As ddrmjpeg_restore_jpeg, for the next frame. A frame without tables of its own, as in AVI, has
 * those of frames before it.
 */
ddrmjpeg_status ddrmjpeg_stream_restore_jpeg(ddrmjpeg_stream *stream,
                                             const uint8_t *data,
                                             size_t size,
                                             ddrmjpeg_picture **out);

/**
 * As ddrmjpeg_restore_frame, for the next frame.
 */
ddrmjpeg_status ddrmjpeg_stream_restore_frame(ddrmjpeg_stream *stream,
                                              const ddrmjpeg_frame *frame,
                                              uint32_t quality,
                                              ddrmjpeg_picture **out);

/**
 * Forgets every frame: what follows a seek or a gap has nothing to do with what was before.
 */
ddrmjpeg_status ddrmjpeg_stream_reset(ddrmjpeg_stream *stream);

/**
 * Frees a stream.
 */
void ddrmjpeg_stream_free(ddrmjpeg_stream *stream);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DDRMJPEG_H */
