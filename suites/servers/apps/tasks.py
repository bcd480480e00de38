"""A task for Celery and for RQ that takes so many milliseconds. The broker is the Redis at the port in BROKER."""

import os
import time

from celery import Celery

# Told by the user of its connections, whether the worker is there.
url = f"redis://{os.environ.get('BROKER_USER', 'default')}:@127.0.0.1:{os.environ['BROKER']}/0"
app = Celery("tasks", broker=url, backend=url, broker_connection_retry_on_startup=True)


def wait(ms):
    print("task : begun", flush=True)
    time.sleep(ms / 1000)
    return "done"


slow = app.task(wait, name="wait")
