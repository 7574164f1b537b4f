#!/bin/sh
# Measures as papers do, on the 200 test pictures of BSDS500, and prints the tables as Markdown:
# colour and grey at the usual qualities, and pictures that were saved twice.
#
# Usage: yardstick.sh BSDS_TEST_FOLDER [MODEL[,MODEL]...]      MODEL: lean,nano unless given
#
# From the environment:
#   EVERY=5            every fifth picture only, for a quick look
#   FIRST=20           the first 20 only, of those
#   PRESETS=fast       instead of fast,quality
#   METRICS=psnr,ssim  instead of psnr
#   TABLES=grey        instead of colour,grey,chains
#   SAVE=FOLDER        every picture's figures there too, as CSV and JSON
#   DDRMJPEG=COMMAND   instead of a release build of this tree
set -eu

usage() {
    sed -n '2,/^set/{/^set/d;s/^#$//;s/^# //;p}' "$0" >&2
    exit 2
}

[ $# -ge 1 ] && [ $# -le 2 ] || usage
folder=$1
models=${2:-lean,nano}
presets=${PRESETS:-fast,quality}
tables=${TABLES:-colour,grey,chains}
[ -d "$folder" ] || {
    echo "yardstick.sh: $folder: no such folder; it must hold the test pictures of BSDS500" >&2
    exit 2
}

program=${DDRMJPEG:-}
if [ -z "$program" ]; then
    tree=$(cd "$(dirname "$0")/.." && pwd)
    (cd "$tree" && "${CARGO:-cargo}" build --release --quiet)
    program=${TARGET_DIR:-${CARGO_TARGET_DIR:-$tree/target}}/release/ddrmjpeg
fi

# table NAME TITLE FLAG...: one run of eval, with its command above it.
table() {
    name=$1 title=$2
    shift 2
    set -- "$@" --models "$models" --presets "$presets" --metrics "${METRICS:-psnr}" \
        --every "${EVERY:-1}" ${FIRST:+--first "$FIRST"}
    printf '\n## %s\n\n    ddrmjpeg eval %s' "$title" "$folder"
    printf ' %s' "$@"
    printf '\n\n'
    if [ -n "${SAVE:-}" ]; then
        mkdir -p "$SAVE"
        set -- "$@" --save "$SAVE/$name.csv" --save "$SAVE/$name.json"
    fi
    "$program" eval "$folder" "$@"
}

colour() {
    table colour 'Colour, 4:2:0' --quality 10,20,30,40 --sampling 420
}

grey() {
    table grey 'Grey' --quality 10,20,40 --grey=studio
}

chains() {
    table chains 'Saved twice' \
        --chain jpeg:20,jpeg:90 \
        --chain jpeg:20,shift:4,jpeg:90 \
        --chain jpeg:20,scale:0.75,jpeg:90 \
        --chain jpeg:30,scale:0.75,jpeg:80 \
        --chain jpeg:15,jpeg:75
}

each=$(echo "$tables" | tr ',' ' ')
for table in $each; do
    case $table in
    colour | grey | chains) ;;
    *)
        echo "yardstick.sh: TABLES=$tables: no table is called '$table': colour, grey or chains" >&2
        exit 2
        ;;
    esac
done
echo "# Yardstick: $("$program" --version), models $models"
for table in $each; do
    "$table"
done
