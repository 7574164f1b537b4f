#!/bin/sh
# Restores a file of MJPEG. Usage: file.sh [CLIP.mjpeg|CLIP.avi|CLIP.mkv] [QF] [SINK]
# QF is only used for frames whose own tables do not hold.
. "$(dirname "$0")/common.sh"

clip=${1:-$repository/out/clip/clip.avi}
qf=${2:-20}
sink=${3:-$(default_sink)}

if [ $# = 0 ] && [ ! -e "$clip" ]; then
    "$repository/examples/make_clip.py" --into "$(dirname "$clip")" --quality "$qf"
fi
demux=""
case $clip in
*.avi) demux="! avidemux" ;;
*.mkv) demux="! matroskademux" ;;
esac
# shellcheck disable=SC2086 # demux and sink are several words
run filesrc location="$clip" $demux ! jpegparse ! ddrmjpegtables ! jpegdec idct-method=islow \
    ! ddrmjpeg qf="$qf" ! videoconvert ! $sink
