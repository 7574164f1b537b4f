#!/bin/bash
# Builds the fuzz targets and runs them, two at a time. `.ci/run` calls it too.
#
# Usage: fuzz.sh [SECONDS] [TARGET...]      60 seconds of every target; 0: until it is stopped.
#
# FUZZ_SEED=N repeats the same random choices; without it every run makes others.
#
# The status is 1 when a target crashed, hung or took too much memory. The file that did it is kept,
# and named; a target that is given files runs them alone. What was found to be of interest is kept
# too, and is where the next run begins.
#
# Neither nightly Rust nor cargo-fuzz: libFuzzer's counters come by a pass that the stable compiler
# has, those of the C code by GCC, which also checks that code's memory (ASan). Seeds are made by
# the targets, and taken from tests/data and from DDRMJPEG_CORPUS where that is set.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift $(($# > 0))
case $seconds in
'' | *[!0-9]*)
    echo "fuzz.sh: SECONDS is a whole number, not '$seconds'" >&2
    exit 2
    ;;
esac
all=$(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2)
targets=${*:-$all}
for target in $targets; do
    if ! grep -qx -- "$target" <<<"$all"; then
        echo "fuzz.sh: no target is called '$target':" $all >&2
        exit 2
    fi
done

cargo=${CARGO:-cargo}
folder=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')
variable=${triple//-/_}

# For the target alone, not for build scripts: that is what --target is for.
build() {
    local flags="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module"
    local flag
    for flag in level=4 inline-8bit-counters pc-table trace-compares; do
        flags+=" -Cllvm-args=-sanitizer-coverage-$flag"
    done
    local c_flags="-g -fno-omit-frame-pointer -fsanitize=address -fsanitize-coverage=trace-pc,trace-cmp"
    env "CFLAGS_$variable=$c_flags" RUSTFLAGS="$flags -Clink-arg=-lasan" \
        "$cargo" build --quiet --release --manifest-path fuzz/Cargo.toml \
        --target "$triple" --target-dir "$folder" --locked --bins
}

# Small files only: large ones slow every run down and show little more.
seeds() {
    local target=$1 into=$2
    FUZZ_SEEDS=$into preloaded "$folder/$triple/release/$target" >/dev/null
    case $target in
    jpeg_*) find tests/data ${DDRMJPEG_CORPUS:+"$DDRMJPEG_CORPUS"} -name '*.jp*g' -size -40k \
        -exec cp -t "$into" {} + ;;
    esac
}

# ASan has to be the first library of the process; rustc would put it last. On one core (the first
# that this shell may use) the library starts no threads, so a run can be repeated.
preloaded() {
    local core
    core=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) taskset -c "$core" "$@"
}

fuzz() {
    local target=$1 status=0
    local place=$folder/runs/$target
    mkdir -p "$place/corpus" "$place/seeds" "$place/artifacts"
    seeds "$target" "$place/seeds"
    preloaded "$folder/$triple/release/$target" -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" -max_len=65536 \
        -timeout=60 -rss_limit_mb=3000 -print_final_stats=1 -artifact_prefix="$place/artifacts/" \
        "$place/corpus" "$place/seeds" >"$place/log" 2>&1 || status=$?
    local runs
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$place/log")
    if [[ $status == 0 ]]; then
        echo "$target: ${runs:-no} runs, no fault"
        return 0
    fi
    tail -n 40 "$place/log"
    echo "$target: FAILED with status $status; its artifacts are in $place/artifacts"
    return 1
}

build
status=0
running=0
for target in $targets; do
    if ((running == 2)); then
        wait -n || status=1
        running=1
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while ((running > 0)); do
    wait -n || status=1
    running=$((running - 1))
done
exit "$status"
