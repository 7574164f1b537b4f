#!/bin/sh
# Restores an MJPEG stream over HTTP, as network cameras send it.
# Usage: http_camera.sh http://CAMERA/video.mjpg [SINK]
. "$(dirname "$0")/common.sh"

url=${1:?usage: http_camera.sh http://CAMERA/video.mjpg [SINK]}
sink=${2:-$(default_sink)}

# shellcheck disable=SC2086 # sink may be several words
run souphttpsrc location="$url" is-live=true ! multipartdemux \
    ! queue leaky=downstream max-size-buffers=1 ! ddrmjpegdec ! videoconvert ! $sink
