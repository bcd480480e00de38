"""Where the command is."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile


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


def judged(record, expectation):
    """The checks of a record by the expectation of a scenario, with the keys that a suite has."""
    case = {"scenario": "run", "implementation": "command", "like": "command"}
    scenario = "".join(f"{key} = {_toml(value)}\n" for key, value in expectation.items())
    suite = f'[implementation.command]\ncommand = ["true"]\n[[scenario]]\nname = "run"\n{scenario}'
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "exeunt.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(suite)
        text = json.dumps({**record, "origin": case})
        done = call("judge", "--suite", path, "--format", "json", "-", stdin=text)
    lines = map(json.loads, done.stdout.splitlines())
    checks = [line["judgement"]["checks"] for line in lines if line["type"] == "case"]
    if not checks:
        raise RuntimeError(done.stderr.strip() or "`exeunt judge` judged nothing")
    return checks[0]


def _toml(value):
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's strings and numbers are TOML's, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


if sys.platform != "linux":
    raise ImportError("exeunt runs programs on Linux only")
