"""The plugin under real pytest, with the command of this environment."""

import pytest

SUITE = """
[implementation.sh]
command = ["sh", "{scenario}.sh"]
[implementation.gone]
command = ["exeunt-no-such-tool"]
probe = ["{program}", "--version"]
[[scenario]]
name = "bye"
implementations = ["sh"]
present = ["bye"]
[[scenario]]
name = "wrong"
implementations = ["sh"]
present = ["right"]
[[scenario]]
name = "known"
implementations = ["sh"]
present = ["right"]
deviates.sh = { why = "it has always been so", present = ["wrong"] }
[[scenario]]
name = "mended"
implementations = ["sh"]
present = ["right"]
deviates.sh = { why = "it used to be so", present = ["wrong"] }
[[scenario]]
name = "buffered"
implementations = ["sh"]
exit = { code = 0, after = "Main : all done", delay = "0s" }
[[scenario]]
name = "absent"
implementations = ["gone"]
"""
SCRIPTS = {
    "bye": "echo bye",
    "wrong": "echo wrong",
    "known": "echo wrong",
    "mended": "echo right",
    "buffered": "s=$(($(date +%s) - 30)); printf '%02d:%02d:%02d: Main : all done\\n' "
    "$((s / 3600 % 24)) $((s / 60 % 60)) $((s % 60))",
}


@pytest.fixture
def suite(pytester, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    pytester.makefile(".toml", exeunt=SUITE)
    for name, script in SCRIPTS.items():
        (pytester.path / f"{name}.sh").write_text(script)
    return pytester


def test_each_case_is_an_item_with_its_outcome(suite):
    result = suite.runpytest("-v")
    result.assert_outcomes(passed=1, failed=2, xfailed=1, errors=1, skipped=1)
    result.stdout.fnmatch_lines(["exeunt.toml::bye/sh PASSED*", "exeunt.toml::buffered/sh INCONCLUSIVE*"])
    # The timeline, with the spot marked.
    result.stdout.fnmatch_lines(["*output     wrong", "*broken  expected a line `right`", "*observed it never came"])
    assert result.ret == 1


def test_the_reason_stands_in_the_failure_and_in_the_summary(suite):
    result = suite.runpytest("-rfE")
    result.stdout.fnmatch_lines(
        [
            "expected a line `right`, observed it never came",
            "deviates no more: *: it used to be so",
            "FAILED exeunt.toml::wrong/sh - expected a line*",
            "FAILED exeunt.toml::mended/sh - deviates no more*",
        ]
    )


def test_another_deviation_than_the_known_one_tells_of_both(suite):
    (suite.path / "known.sh").write_text("echo other")
    result = suite.runpytest("exeunt.toml::known/sh")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["expected * (which is not the known deviation either: it has always been so)"])


def test_a_program_that_is_not_there_is_told_by_its_name(suite):
    text = SUITE.replace('probe = ["{program}", "--version"]', "")
    (suite.path / "exeunt.toml").write_text(text)
    result = suite.runpytest("exeunt.toml::absent/gone")
    result.stdout.fnmatch_lines(["*exeunt-no-such-tool*"])


def test_selected_cases_run_and_no_others(suite):
    suite.runpytest("exeunt.toml::bye/sh").assert_outcomes(passed=1)
    suite.runpytest("-k", "bye or known").assert_outcomes(passed=1, xfailed=1, deselected=4)
    result = suite.runpytest("--no-exeunt")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_suite_that_cannot_be_run_fails_each_case_with_the_reason(pytester):
    pytester.makefile(
        ".toml",
        exeunt="[implementation.sh]\ncommand = ['sh']\nbuild = ['false']\n"
        "[[scenario]]\nname = 'one'\n[[scenario]]\nname = 'two'\n",
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*ended before this case was over:*", "*could not be built: `false`*"])


def test_a_wrong_suite_is_a_collection_error(pytester):
    pytester.makefile(".toml", exeunt="[implementation.sh]\ncomand = ['sh']\n")
    result = pytester.runpytest()
    result.stdout.fnmatch_lines(["*unknown field `comand`*"])
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_the_fixture_gives_records(pytester):
    pytester.makepyfile(
        """
        def test_good(exeunt):
            record = exeunt.run("sh", "-c", "echo ready; sleep 0.2; echo bye; exit 3", timeout="30s")
            record.assert_exit(3)
            record.assert_lines("ready", "bye")
            record.assert_exits_within(20, after="ready")
            record.assert_nothing_left()
            assert [text for _, text in record.lines] == ["ready", "bye"]
            assert 0.1 < record.exit_at < 30
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "script, check, told",
    [
        ("exit 3", "assert_exit(0)", "expected exit code 0, observed exit code 3"),
        ("kill -9 $$", "assert_exit(9)", "expected exit code 9, observed killed by SIGKILL"),
        ("echo b; echo a", "assert_lines('a', 'b')", "`b`"),
        ("sleep 1", "assert_exits_within(0.01)", "expected the exit within 0.01 s"),
        ("sleep 9 &", "assert_nothing_left()", "expected no process outlives the subject, observed pid"),
        ("sleep 99", "assert_exit(0)", "observed still running after 2 s"),
    ],
)
def test_what_is_not_so_fails_with_the_timeline(pytester, script, check, told):
    pytester.makepyfile(
        f"""
        def test_bad(exeunt):
            exeunt.run("sh", "-c", {script!r}, timeout="2s").{check}
        """
    )
    result = pytester.runpytest()
    outcomes = result.parseoutcomes()
    # What took a second may be inconclusive where the machine was that late.
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1
    result.stdout.fnmatch_lines([f"*{told}*", "*exeunt: run 1*", "*0.000  start *"])


def test_what_the_machine_may_have_caused_is_an_error(pytester):
    pytester.makepyfile(
        """
        def test_late(exeunt):
            record = exeunt.run("sleep", "0.5")
            record.json["lag"] = {"canary": 9, "harness": 0, "subject_waited": 0, "pressure": 0}
            record.assert_exits_within(0.1)
        """
    )
    pytester.runpytest().assert_outcomes(errors=1)


def test_what_was_cut_or_buffered_is_an_error(pytester):
    pytester.makepyfile(
        """
        def test_cut(exeunt):
            record = exeunt.run("true")
            record.json["events"].insert(0, {"event": "cut", "at": 0, "lines": 9, "bytes": 99})
            record.json["findings"].append({"finding": "output-cut", "lines": 9, "bytes": 99})
            record.assert_lines("ready")

        def test_buffered(exeunt):
            record = exeunt.run("echo", "ready")
            record.json["findings"].append({"finding": "buffers-output", "event": 0, "late": 3})
            record.assert_exits_within(0, after="ready")
        """
    )
    pytester.runpytest().assert_outcomes(errors=2)


def test_any_text_is_a_part_of_a_line(pytester):
    pytester.makepyfile(
        r"""
        def test_texts(exeunt):
            texts = ['say "no"', r"back\\slash", "tab\there", "\x7f", "ünïcode 😀", "{x} [y] # z"]
            record = exeunt.run("printf", "%s\\n", *texts)
            record.assert_lines(*texts)
            assert record.lag >= 0
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)
