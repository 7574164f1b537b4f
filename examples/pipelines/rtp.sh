#!/bin/sh
# Restores RTP/JPEG (RFC 2435) that arrives on a UDP port. Usage: rtp.sh [PORT] [SINK]
# A sender to try it with:
#   gst-launch-1.0 videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240 \
#       ! jpegenc quality=20 ! rtpjpegpay ! udpsink host=127.0.0.1 port=5000
. "$(dirname "$0")/common.sh"

port=${1:-5000}
sink=${2:-$(default_sink)}

# rtpjpegdepay makes whole JPEGs again, tables included; their sizes are rounded up to 8.
# shellcheck disable=SC2086 # sink may be several words
run udpsrc port="$port" \
    caps="application/x-rtp,media=video,encoding-name=JPEG,clock-rate=90000,payload=26" \
    ! rtpjpegdepay ! queue leaky=downstream max-size-buffers=1 \
    ! ddrmjpegdec ! videoconvert ! $sink
