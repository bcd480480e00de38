"""Where the command is."""

import os
import shutil
import subprocess
import sys
import sysconfig


def command():
    """The command of this very installation, else the one in ``PATH``."""
    own = os.path.join(sysconfig.get_path("scripts"), "exeunt")
    found = own if os.path.exists(own) else shutil.which("exeunt")
    if found is None:
        raise FileNotFoundError(
            f"the command `exeunt` is neither at {own} nor in PATH: install the package again"
        )
    return found


def call(*args, stdin=None):
    """Runs the command, and gives what it printed and its exit code."""
    done = subprocess.run(
        [command(), *args],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # Texts are shown in pytest's own report.
        env={**os.environ, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"},
    )
    return done


def timeline(line):
    """The timeline of a record, or of a case, that the command printed as JSON."""
    return call("report", "-", stdin=line).stdout.rstrip()


if sys.platform != "linux":
    raise ImportError("exeunt runs programs on Linux only")
