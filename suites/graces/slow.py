"""A WSGI application that takes 100 s to answer."""

import sys
import time


def application(environ, start_response):
    print("slow : begun", file=sys.stderr, flush=True)
    time.sleep(100)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]
