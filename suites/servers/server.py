"""The `ThreadingHTTPServer` of Python: /slow/MS answers after so many milliseconds.

The first argument says what it does at SIGTERM: `plain` (nothing), or `drains` (it stops listening and waits for its threads).
"""

import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/slow/"):
            print("slow : begun", flush=True)
            time.sleep(int(self.path.removeprefix("/slow/")) / 1000)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"done")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if sys.argv[1] == "drains":
    server.daemon_threads = False

    def end(*_):
        # `shutdown` waits for `serve_forever`, which stands still while a handler runs.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
server.serve_forever(poll_interval=0.05)
server.socket.close()
server.server_close()
