"""Suites as files of tests: each case is an item."""

import json
import os
import subprocess

import pytest

from ._command import call, command, timeline


class Inconclusive(Exception):
    """The observation does not tell: the machine was too slow, or output was buffered or cut."""


class Failed(Exception):
    """A case that is not as the suite expects."""


class SuiteFile(pytest.File):
    """An ``exeunt.toml``."""

    def collect(self):
        listed = call("list", "--suite", str(self.path))
        if listed.returncode != 0:
            raise self.CollectError(listed.stderr.strip())
        self._run = None
        for line in listed.stdout.splitlines():
            # Behind the name may stand a note.
            yield CaseItem.from_parent(self, name=line.split()[0])

    def outcome(self, item):
        """What came of a case. All cases of the suite that were selected run side by side, at the first that is asked for."""
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return Run(self.path, [item.name]).outcome(item.name)
        if self._run is None:
            ours = [other.name for other in item.session.items if other.parent is self]
            self._run = Run(self.path, ours)
        return self._run.outcome(item.name)


class Run:
    """A run of ``exeunt test``, read as its cases end."""

    def __init__(self, suite, names):
        # A whole name would be a demand: then an implementation that is missing is an error and no skip. Filters are parts of names,
        # so others may come too.
        filters = [name[:-1] for name in names]
        self.process = subprocess.Popen(
            [command(), "test", "--suite", str(suite), "--format", "json", *filters],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.outcomes = {}
        self.ended = None

    def outcome(self, name):
        while name not in self.outcomes:
            line = "" if self.ended else self.process.stdout.readline()
            if not line:
                self.ended = self.ended or self.process.stderr.read() or "no reason was given"
                raise Inconclusive(f"`exeunt test` ended before this case was over:\n{self.ended}")
            case = json.loads(line)
            if case["type"] == "case":
                case["line"] = line
                self.outcomes[f"{case['scenario']}/{case['implementation']}"] = case
        return self.outcomes[name]


def reason(case):
    """Why a case did not pass, in a line: the first expectation that was not met, or what is known of it."""
    status, why = case["status"], case.get("known-deviation")
    checks = case.get("judgement", {}).get("checks", [])
    wrong = [check["text"] for check in checks if check["verdict"] == status]
    if status == "deviates-no-more":
        return f"deviates no more: it does what the scenario says, so the known deviation can go: {why}"
    if wrong and why:
        return f"{wrong[0]} (which is not the known deviation either: {why})"
    return wrong[0] if wrong else case.get("why", status)


class CaseItem(pytest.Item):
    """A scenario with an implementation."""

    def runtest(self):
        self.outcome = self.parent.outcome(self)
        status, why = self.outcome["status"], self.outcome.get("why", "")
        if status in ("inconclusive", "interrupted"):
            raise Inconclusive(self.told())
        if status == "skipped":
            pytest.skip(why)
        if status == "deviates":
            pytest.xfail(why)
        if status != "held":
            raise Failed(self.told())

    def told(self):
        """The reason, which pytest shows in its summary too, and the timeline, where there is one."""
        return "\n".join(filter(None, [reason(self.outcome), timeline(self.outcome["line"])]))

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (Failed, Inconclusive)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name
