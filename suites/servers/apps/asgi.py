"""An ASGI application: /slow/MS answers after so many milliseconds."""

import asyncio
import os
import time

if os.environ.get("LOADS"):
    print("app : loads", flush=True)
    time.sleep(float(os.environ["LOADS"]))


async def lifespan(receive, send):
    for done in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
        await receive()
        await send({"type": done})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    path = scope["path"]
    if path.startswith("/slow/"):
        print("slow : begun", flush=True)
        await asyncio.sleep(int(path.removeprefix("/slow/")) / 1000)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})
