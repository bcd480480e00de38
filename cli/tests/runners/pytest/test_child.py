import subprocess


def test_leaks_a_child():
    subprocess.Popen(["sleep", "300"])
