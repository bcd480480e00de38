"""The broker of a worker and its client in one: `broker.py IMPLEMENTATION HOST:PORT`.

Starts a Redis, has a task done that takes two seconds, and exits with 0 if its result comes before the worker has gone.
"""

import json
import os
import subprocess
import sys
import time

import redis

kind, address = sys.argv[1:]
host, port = address.split(":")
os.environ["BROKER"] = port
broker = redis.Redis(host, int(port))


def until(condition):
    while not condition():
        time.sleep(0.02)


def is_up():
    if server.poll() is not None:
        sys.exit(f"redis-server ended with code {server.returncode}")
    try:
        return broker.ping()
    except redis.exceptions.RedisError:
        return False


def worker_is_there():
    return any(client["user"] == "worker" for client in broker.client_list())


def worker_has_gone():
    """It may connect anew, so it has gone only if it is not there for a while."""
    looks = (worker_is_there() or time.sleep(0.02) for _ in range(20))
    return not any(looks)


def begin():
    """Sends the task. What tells whether its result is there."""
    if kind == "rq":
        import rq

        job = rq.Queue(connection=broker).enqueue("apps.tasks.wait", 2000)
        return lambda: job.get_status(refresh=True) == "finished"
    from tasks import slow

    sent = slow.delay(2000)
    return lambda: json.loads(broker.get(f"celery-task-meta-{sent.id}") or "{}").get("status") == "SUCCESS"


server = subprocess.Popen(["redis-server", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
server.stdin.write(f"""
bind {host}
port {port}
dir {os.environ["TMPDIR"]}
save ""
user worker on nopass ~* &* +@all
""")
server.stdin.close()
try:
    until(is_up)
    is_done = begin()
    until(worker_is_there)
    until(lambda: is_done() or worker_has_gone())
    came = is_done()
    print("task : done" if came else "task : lost", flush=True)
    # A worker that loses its broker on its way out waits for it.
    until(worker_has_gone)
    sys.exit(0 if came else 1)
finally:
    server.terminate()
    server.wait()
