"""A fixture that runs commands and gives their records."""

import json

import pytest

from ._command import call, judged, timeline
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
        return json.loads(self._line)["lag"]

    @property
    def timeline(self):
        """The run as people read it."""
        return timeline(self._line)

    def assert_exit(self, code):
        self._judge({"end"}, exit={"code": code})

    def assert_lines(self, *texts):
        """These lines come in this order; others may stand between them. A text is a part of a line."""
        log = [{"contains": text} for text in texts]
        self._judge({"line-after", "line"}, log=log, **{"other-lines": "allowed"})

    def assert_exits_within(self, seconds, after=None):
        """It ends in time, counted from its start or from the first line that has this text in it."""
        begin = "start" if after is None else {"contains": after}
        delay = {"from": begin, "to": "exit", "within": _duration(seconds), "slack": "0s"}
        self._judge({"delay"}, delays=[delay])

    def assert_nothing_left(self):
        self._judge({"no-survivors"}, survivors="forbidden")

    def _judge(self, kinds, **expectation):
        """The command judges, as it judges suites: what the machine or cut output leaves open is inconclusive, an error."""
        expectation.setdefault("survivors", "allowed")
        broken, open_ = [], []
        for check in judged(self.json, expectation):
            expected = check["expected"]
            kind = expected if isinstance(expected, str) else next(iter(expected))
            if kind in kinds and check["verdict"] != "held":
                (broken if check["verdict"] == "broken" else open_).append(check["text"])
        assert not broken, "\n".join(broken)
        if open_:
            raise Inconclusive("\n".join(open_))


def _text(raw):
    return raw if isinstance(raw, str) else bytes(raw).decode("utf-8", "replace")


def _duration(seconds):
    return f"{round(seconds * 1e6)}us"


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
