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
