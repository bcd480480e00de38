"""sleep.py CASE SECONDS: one of the seed's three cases."""

import logging
import sys
import threading
import time

logging.basicConfig(format="%(asctime)s: %(message)s", level=logging.INFO, datefmt="%H:%M:%S")


def worker(seconds):
    logging.info("Thread 1 : starting")
    time.sleep(seconds)
    logging.info("Thread 1 : finishing")


case, seconds = sys.argv[1], float(sys.argv[2])
thread = threading.Thread(target=worker, args=(seconds,), daemon=case == "daemon")
thread.start()
if case == "join":
    thread.join()
logging.info("Main : all done")
