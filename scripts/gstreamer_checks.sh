#!/bin/sh
# GStreamer's own tests of state changes (generic/states) and of video filters (elements/videofilter),
# run against a built plugin: scripts/gstreamer_checks.sh target/debug/libgstddrmjpeg.so
#
# Their sources come from Debian and stay in a temporary folder, so apt needs a deb-src line. The first is
# compiled as it is; of the second the elements, their properties and the formats become ours.
set -eu

plugin=$(realpath "${1:?the path of libgstddrmjpeg.so}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/plugins"
ln -s "$plugin" "$work/plugins/"
cd "$work"

apt-get source --download-only gstreamer1.0 gst-plugins-good1.0 >apt.log 2>&1 || {
    cat apt.log >&2
    echo "gstreamer_checks: apt cannot fetch the sources; is there a deb-src line?" >&2
    exit 1
}
for archive in gstreamer1.0_*.orig.tar.* gst-plugins-good1.0_*.orig.tar.*; do
    case $archive in *.asc) ;; *) tar xf "$archive" ;; esac
done

awk '
/tcase_add_test \(tc_chain, test_videobalance\)/ {
    print "  tcase_set_timeout (tc_chain, 300);"
    print "  tcase_add_test (tc_chain, test_ours);"
    next
}
/tcase_add_test/ { next }
/^GST_START_TEST/ { theirs = 1 }
/^static Suite/ && !written {
    theirs = 0
    written = 1
    print "GST_START_TEST (test_ours)\n{"
    print "  check_filter (\"ddrmjpeg\", 2, \"model\", \"identity\", NULL);"
    print "  check_filter (\"ddrmjpeg\", 2, \"qf\", 50, \"model\", \"nano\", NULL);"
    print "  check_filter_with_event (\"ddrmjpeg\","
    print "      gst_event_new_tag (gst_tag_list_new_empty ()), 2, \"qf\", 50, \"model\", \"identity\", NULL);"
    print "}\nGST_END_TEST;\n"
}
!theirs { print }
' gst-plugins-good-*/tests/check/elements/videofilter.c |
    sed 's/{ I420, AYUV, YUY2, UYVY, YVYU, xRGB }/{ I420, Y42B, Y444, NV12, RGB, RGBx, BGRA }/' >videofilter.c

flags=$(pkg-config --cflags --libs gstreamer-check-1.0 gstreamer-video-1.0)
# shellcheck disable=SC2086 # several words
cc -w -DPACKAGE='"ddrmjpeg"' gstreamer-*/tests/check/generic/states.c -o states $flags
# shellcheck disable=SC2086
cc -w videofilter.c -o videofilter $flags

export GST_PLUGIN_PATH="$work/plugins" GST_REGISTRY="$work/registry.bin"
export GST_STATE_IGNORE_ELEMENTS="" CK_DEFAULT_TIMEOUT=300
# Without our elements they would pass on nothing.
gst-inspect-1.0 ddrmjpegdec >/dev/null
./states
./videofilter
