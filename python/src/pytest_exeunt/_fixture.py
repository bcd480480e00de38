"""A fixture that runs commands and gives their records."""

import json

import pytest

from ._command import call, timeline
from ._suite import Inconclusive


class Record:
    """What was observed of one run. Times are seconds since its start."""

    def __init__(self, line):
        self.json = json.loads(line)["record"]
        self._line = line

    @property
    def events(self):
        return self.json["events"]

    @property
    def lines(self):
        """The lines of output: pairs of a time and a text."""
        return [
            (event["at"], event.get("message") or _text(event["bytes"]))
            for event in self.events
            if event["event"] == "line"
        ]

    @property
    def exit_at(self):
        """When it ended; ``None`` if it could not be ended."""
        ends = [event["at"] for event in self.events if event["event"] == "exit"]
        return ends[0] if ends else None

    @property
    def code(self):
        """Its exit code; ``None`` if a signal killed it."""
        return next((e["code"] for e in self.events if "code" in e), None)

    @property
    def timed_out(self):
        """Whether it was ended at its time limit."""
        return "timed-out" in self.json["termination"]

    @property
    def lag(self):
        """By how much the machine was late, at the worst."""
        lag = self.json["lag"]
        measured = max(lag["canary"], lag["harness"]) + lag["subject_waited"]
        return measured + min(lag["pressure"], 0.5)

    @property
    def timeline(self):
        """The run as people read it."""
        return timeline(self._line)

    def assert_exit(self, code):
        assert not self.timed_out, "it was still running at its time limit"
        assert self.code == code, f"expected exit code {code}, observed {self.code}"

    def assert_lines(self, *texts):
        """These lines come in this order; others may stand between them. A text is a part of a line."""
        lines = iter(self.lines)
        for text in texts:
            found = any(text in line for _, line in lines)
            assert found, f"expected a line with {text!r} there, and it never came"

    def assert_exits_within(self, seconds, after=None):
        """It ends in time. What is late by no more than the machine was is inconclusive: an error, neither passed nor failed."""
        begin = 0.0 if after is None else self._at(after)
        assert not self.timed_out, "it was still running at its time limit"
        took = self.exit_at - begin
        if seconds < took <= seconds + self.lag:
            raise Inconclusive(
                f"expected the exit within {seconds} s, observed {took:.3f} s, "
                f"on a machine that was up to {self.lag:.2f} s late"
            )
        assert took <= seconds, f"expected the exit within {seconds} s, observed {took:.3f} s"

    def assert_nothing_left(self):
        survivors = [f"pid {p['pid']} `{p['command']}`" for p in self.json["survivors"]]
        assert not survivors, f"it left behind: {', '.join(survivors)}"

    def _at(self, text):
        found = [at for at, line in self.lines if text in line]
        assert found, f"a line with {text!r} never came"
        return found[0]


def _text(raw):
    return raw if isinstance(raw, str) else bytes(raw).decode("utf-8", "replace")


class Runner:
    """Runs commands under ``exeunt run``."""

    def __init__(self):
        self.records = []

    def run(self, *command, timeout="60s", **options):
        """Runs a command. Options are those of ``exeunt run``: ``grace="1s"``, ``streams="split"``."""
        args = ["--timeout", timeout]
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            args += [option] if value is True else [option, str(value)]
        done = call("run", "--format", "json", *args, *map(str, command))
        last = done.stdout.splitlines()[-1:] or [""]
        if not last[0].startswith('{"type":"run"'):
            raise RuntimeError(done.stderr.strip() or "`exeunt run` gave no record")
        self.records.append(Record(last[0]))
        return self.records[-1]


@pytest.fixture
def exeunt(request):
    """Runs commands: ``record = exeunt.run("./worker", timeout="10s")``."""
    runner = Runner()
    request.node._exeunt = runner
    return runner
