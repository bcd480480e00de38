import threading
import time


def test_leaks_a_thread():
    threading.Thread(target=lambda: time.sleep(300), name="leaked").start()
