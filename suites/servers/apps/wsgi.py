"""A WSGI application: /slow/MS answers after so many milliseconds."""

import os
import time

if os.environ.get("LOADS"):
    print("app : loads", flush=True)
    time.sleep(float(os.environ["LOADS"]))


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/slow/"):
        print("slow : begun", flush=True)
        time.sleep(int(path.removeprefix("/slow/")) / 1000)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]
