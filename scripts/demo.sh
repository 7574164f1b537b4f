#!/bin/sh
# Restores the example picture with the command, and the example clip with the element; prints
# the gain against the pictures before compression. `make demo` builds both first.
#
# Usage: demo.sh [QUALITY]      results in out/demo
set -eu
cd "$(dirname "$0")/.."

quality=${1:-20}
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}}/release
out=out/demo
clip=$out/clip
picture=examples/pictures/coffee.png
jfif="video/x-raw,format=I420,colorimetry=(string)1:4:0:0,chroma-site=jpeg"

# A registry of its own: the user's is not filled with a build folder's plugin.
export GST_PLUGIN_PATH="$PWD/$out/plugins" GST_REGISTRY="$PWD/$out/registry.bin"

# The JPEG, and what a plain decoder makes of it.
make_jpeg() {
    gst-launch-1.0 -q filesrc location="$picture" ! pngdec ! videoconvert dither=none ! "$jfif" \
        ! jpegenc quality="$quality" ! filesink location="$out/coffee.jpg"
    gst-launch-1.0 -q filesrc location="$out/coffee.jpg" ! jpegdec idct-method=islow \
        ! videoconvert dither=none ! video/x-raw,format=RGB ! pngenc ! filesink location="$out/coffee_jpeg.png"
}

# decode FOLDER [ELEMENT PROPERTY...]: the clip's frames as PNG, through that element if any.
decode() {
    folder=$1
    shift
    mkdir -p "$folder"
    gst-launch-1.0 -q filesrc location="$clip/clip.mjpeg" ! jpegparse ! jpegdec idct-method=islow \
        ! "${@:-identity}" ! videoconvert dither=none ! video/x-raw,format=RGB \
        ! pngenc snapshot=false compression-level=1 ! multifilesink index=1 location="$folder/frame_%04d.png"
}

# gain WHAT REFERENCE BEFORE AFTER: two lines of `ddrmjpeg compare` and their difference.
gain() {
    "$built/ddrmjpeg" compare "$2" "$3" "$4" | awk -v what="$1" '
        { for (i = NF; i > 1; i--) if ($i == "dB") { value[NR] = $(i - 1); break } }
        END {
            if (value[1] == "" || value[2] == "") exit 1
            printf "  %-8s JPEG %.2f dB, restored %.2f dB, gain %+.2f dB\n", what, value[1], value[2], value[2] - value[1]
        }'
}

rm -rf "$out"
mkdir -p "$out/plugins"
ln -s "$built/libgstddrmjpeg.so" "$out/plugins/"

echo "== the picture, at JPEG quality $quality"
make_jpeg
"$built/ddrmjpeg" restore "$out/coffee.jpg" -o "$out/coffee_restored.png"

echo "== the clip, at JPEG quality $quality: 50 frames of 640x480"
examples/make_clip.py --into "$clip" --quality "$quality"
decode "$clip/jpeg"
decode "$clip/restored" ddrmjpeg qf="$quality"

echo "== gain in PSNR (RGB) against the pictures before compression"
gain picture "$picture" "$out/coffee_jpeg.png" "$out/coffee_restored.png"
gain clip "$clip/clean" "$clip/jpeg" "$clip/restored"
echo "== files to look at"
echo "  $picture, $out/coffee.jpg (as PNG: coffee_jpeg.png), $out/coffee_restored.png"
echo "  $clip/clean, $clip/jpeg, $clip/restored (frames), $clip/clip.avi (the stream)"
