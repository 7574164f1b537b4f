#!/bin/sh
# Restores what a UVC camera sends as MJPEG. Usage: camera.sh [DEVICE] [SINK]
. "$(dirname "$0")/common.sh"

device=${1:-/dev/video0}
sink=${2:-$(default_sink)}

if [ ! -e "$device" ]; then
    echo "no camera at $device" >&2
    exit 1
fi
# The decoder reads the camera's own tables from each frame, and keeps the chroma of 4:2:2, of which
# jpegdec would throw away every second row.
# shellcheck disable=SC2086 # sink may be several words
run v4l2src device="$device" ! image/jpeg,width=640,height=480 \
    ! queue leaky=downstream max-size-buffers=1 ! ddrmjpegdec ! videoconvert ! $sink
