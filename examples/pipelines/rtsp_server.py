#!/usr/bin/python3
"""Serves an MJPEG camera over RTSP, restored and encoded as H.264.

Usage: rtsp_server.py URL [PORT] [PROPERTIES...]
    URL         http://CAMERA/video.mjpg, or a file of MJPEG (file:///... or a path)
    PORT        8554; 0 takes any that is free. The stream is rtsp://HOST:PORT/restored
    PROPERTIES  of ddrmjpegdec, as in preset=fast late-policy=passthrough

The pipeline runs while somebody watches; all who watch share it. Needs python3-gi and
gir1.2-gst-rtsp-server-1.0, and GST_PLUGIN_PATH where the plugin is not installed.
"""

import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


# What video codecs take for granted. By way of RGB, since videoconvert leaves the full range of a
# JPEG as it is where only the range is another.
LIMITED = "video/x-raw,format=RGB ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601"


def source(url):
    """Whole JPEGs out of what the URL gives."""
    if url.startswith("http"):
        return f'souphttpsrc location="{url}" is-live=true do-timestamp=true ! multipartdemux'
    path = url.removeprefix("file://")
    return f'filesrc location="{path}" ! jpegparse'


def launch(url, properties):
    """The line of gst-launch-1.0 that each stream is made of."""
    return (
        f"( {source(url)} ! queue leaky=downstream max-size-buffers=4"
        f" ! ddrmjpegdec {' '.join(properties)} ! queue max-size-buffers=4 ! {LIMITED}"
        " ! openh264enc complexity=low bitrate=2000000 gop-size=25"
        " ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
    )


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit(__doc__)
    url = arguments[0]
    port = arguments[1] if len(arguments) > 1 else "8554"
    Gst.init(None)
    for element in ("ddrmjpegdec", "openh264enc"):
        if not Gst.ElementFactory.find(element):
            sys.exit(f"GStreamer knows no element {element}")
    server = GstRtspServer.RTSPServer.new()
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(launch(url, arguments[2:] or ["late-policy=passthrough"]))
    factory.set_shared(True)
    server.get_mount_points().add_factory("/restored", factory)
    if not server.attach(None):
        sys.exit(f"cannot listen on port {port}")
    print(f"rtsp://127.0.0.1:{server.get_bound_port()}/restored", flush=True)
    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, loop.quit)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1:])
