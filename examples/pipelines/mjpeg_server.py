#!/usr/bin/env python3
"""Serves an MJPEG camera over HTTP again, restored: for browsers, and for what reads MJPEG.

Usage: mjpeg_server.py URL [PORT] [PROPERTIES...]
    URL         http://CAMERA/video.mjpg, or a file of MJPEG (file:///... or a path)
    PORT        8080; 0 takes any that is free. The stream is http://HOST:PORT/restored.mjpg
    PROPERTIES  of ddrmjpegdec, as in preset=fast late-policy=passthrough

Needs gst-launch-1.0 and nothing but Python's own library. Each viewer has a pipeline of its own
(jpegenc ! multipartmux), which ends when he goes.
"""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOUNDARY = "restored"


def pipeline(url, properties):
    """Whole JPEGs out of what the URL gives, restored and encoded again on standard output."""
    if url.startswith("http"):
        source = f"souphttpsrc location={url} is-live=true do-timestamp=true ! multipartdemux"
    else:
        source = f"filesrc location={url.removeprefix('file://')} ! jpegparse"
    line = (
        f"{source} ! queue leaky=downstream max-size-buffers=4"
        f" ! ddrmjpegdec {' '.join(properties)} ! queue max-size-buffers=4 ! jpegenc quality=92"
        f" ! multipartmux boundary={BOUNDARY} ! fdsink fd=1 sync=false"
    )
    return ["gst-launch-1.0", "-q", *line.split()]


def handler(command):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != "/restored.mjpg":
                self.send_error(404)
                return
            self.send_response(200)
            kind = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            # A process of its own that is ended with the viewer.
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                try:
                    while data := process.stdout.read1(65536):
                        self.wfile.write(data)
                except ConnectionError:
                    pass
                finally:
                    process.kill()

        def log_message(self, *_):
            pass

    return Handler


def main(arguments):
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit(__doc__)
    port = int(arguments[1]) if len(arguments) > 1 else 8080
    command = pipeline(arguments[0], arguments[2:] or ["late-policy=passthrough"])
    server = ThreadingHTTPServer(("", port), handler(command))
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}/restored.mjpg", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
