#!/bin/sh
# Plays any file or URL; whatever MJPEG is in it goes through ddrmjpegdec, because its rank is
# raised above the other decoders'. Usage: player.sh FILE|URL [SINK]
. "$(dirname "$0")/common.sh"

what=${1:?usage: player.sh FILE|URL [SINK]}
sink=${2:-$(default_sink)}
case $what in
*://*) ;;
*) what=file://$(realpath "$what") ;;
esac

export GST_PLUGIN_FEATURE_RANK=ddrmjpegdec:MAX
# shellcheck disable=SC2086 # sink may be several words
run uridecodebin uri="$what" ! videoconvert ! $sink
