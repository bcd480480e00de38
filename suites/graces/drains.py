"""A server that needs 80 s to drain once it was asked to terminate: less than the 90 s that systemd gives it."""

import signal
import time


def end(*_):
    print("Main : draining", flush=True)
    time.sleep(80)
    print("Main : drained", flush=True)
    raise SystemExit(0)


signal.signal(signal.SIGTERM, end)
print("Main : ready", flush=True)
while True:
    signal.pause()
