#!/bin/sh
# Restores an MJPEG stream over HTTP and writes it to standard output: what the exec sources of go2rtc
# and Frigate read. Usage: stdout.sh http://CAMERA/video.mjpg mjpeg|mpegts [PROPERTIES of ddrmjpegdec...]
. "$(dirname "$0")/common.sh"

usage="usage: stdout.sh http://CAMERA/video.mjpg mjpeg|mpegts [PROPERTIES of ddrmjpegdec...]"
url=${1:?$usage}
format=${2:?$usage}
shift 2
[ $# -gt 0 ] || set -- late-policy=passthrough
case $format in
mjpeg) encode="jpegenc quality=92" ;;
mpegts)
    encode="$limited ! openh264enc complexity=low bitrate=2000000 gop-size=25
        ! h264parse config-interval=-1 ! mpegtsmux alignment=7"
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
# Nothing but the stream goes to standard output.
# shellcheck disable=SC2086 # encode is several words
exec gst-launch-1.0 -q souphttpsrc location="$url" is-live=true do-timestamp=true ! multipartdemux \
    ! queue leaky=downstream max-size-buffers=4 ! ddrmjpegdec "$@" ! queue max-size-buffers=4 \
    ! $encode ! fdsink fd=1 sync=false
