"""A thin front for pytest over the command ``exeunt``: suites are collected, and a fixture runs commands."""

import pytest

from ._fixture import Record, Runner, exeunt
from ._suite import Inconclusive, SuiteFile

__all__ = ["Inconclusive", "Record", "Runner", "SuiteFile", "exeunt"]


def pytest_addoption(parser):
    group = parser.getgroup("exeunt")
    group.addoption(
        "--no-exeunt", action="store_true", help="do not collect exeunt.toml"
    )


def pytest_collect_file(file_path, parent):
    if file_path.name == "exeunt.toml" and not parent.config.getoption("--no-exeunt"):
        return SuiteFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """The timelines of a failed test's runs stand in its report."""
    report = yield
    if call.excinfo and call.excinfo.errisinstance(Inconclusive):
        report.exeunt_inconclusive = True
    runner = getattr(item, "_exeunt", None)
    if runner and report.when == "call" and report.failed:
        for i, record in enumerate(runner.records):
            report.sections.append((f"exeunt: run {i + 1}", record.timeline))
    return report


def pytest_report_teststatus(report):
    """What cannot be told is an error, wherever it shows."""
    if getattr(report, "exeunt_inconclusive", False):
        return "error", "E", ("INCONCLUSIVE", {"yellow": True})
    return None
