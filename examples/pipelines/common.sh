# Sourced by the scripts beside it: where the plugin is, which sink, and how to run a pipeline.
set -eu

repository=$(cd "$(dirname "$0")/../.." && pwd)
built=${TARGET_DIR:-${CARGO_TARGET_DIR:-$repository/target}}/release
if [ -e "$built/libgstddrmjpeg.so" ]; then
    export GST_PLUGIN_PATH="$built${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
fi
if ! gst-inspect-1.0 ddrmjpeg >/dev/null 2>&1; then
    echo "GStreamer knows no element ddrmjpeg: run 'make build' in $repository first" >&2
    exit 1
fi

# What video codecs take for granted: I420 of limited range. By way of RGB, since videoconvert leaves the
# full range of a JPEG as it is where only the range is another.
# shellcheck disable=SC2034 # used by the scripts
limited="video/x-raw,format=RGB ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601"

# A window where there is a display.
default_sink() {
    if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
        echo autovideosink
    else
        echo fakesink
    fi
}

run() {
    echo "gst-launch-1.0 $*"
    exec gst-launch-1.0 "$@"
}
