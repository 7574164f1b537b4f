#!/bin/sh
# Restores an MJPEG stream over HTTP and writes it as HLS: segments and a playlist in a folder, for
# any web server. Usage: hls.sh http://CAMERA/video.mjpg [FOLDER] [PROPERTIES of ddrmjpegdec...]
. "$(dirname "$0")/common.sh"

url=${1:?usage: hls.sh http://CAMERA/video.mjpg [FOLDER] [PROPERTIES of ddrmjpegdec...]}
folder=${2:-$repository/out/hls}
[ $# -lt 2 ] || shift
shift
[ $# -gt 0 ] || set -- late-policy=passthrough
mkdir -p "$folder"
# The queue in front lets the camera go on while a frame is in work, the one behind lets the decoder
# go on while a frame is encoded.
# shellcheck disable=SC2086,SC2154 # limited is several words, of common.sh
run -e souphttpsrc location="$url" is-live=true do-timestamp=true ! multipartdemux \
    ! queue leaky=downstream max-size-buffers=4 ! ddrmjpegdec "$@" ! queue max-size-buffers=4 \
    ! $limited ! openh264enc complexity=low bitrate=2000000 gop-size=25 \
    ! h264parse ! hlssink2 location="$folder/segment%05d.ts" \
    playlist-location="$folder/restored.m3u8" target-duration=2
