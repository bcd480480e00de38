#!/bin/sh
# How two versions of Python end, side by side: the rows of the suite, a column each.
#
# `examples/compare_two_pythons.sh [PYTHON]` compares `python3` with PYTHON, or with the first other version that is in PATH.
# EXEUNT is the command to use; by default it is built from this repository.
set -eu
cd "$(dirname "$0")/.."

version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# The first python3.N in PATH whose version is another than that of python3.
another() {
    for n in 8 9 10 11 12 13 14 15 16; do
        found=$(version "python3.$n") || continue
        [ "$found" = "$(version python3)" ] || { echo "python3.$n"; return; }
    done
}

other=${1:-$(another)}
if [ -z "$other" ] || [ -z "$(version python3)" ]; then
    echo "SKIPPED: there is no second Python to compare with: name one, as in $0 /opt/python3.13/bin/python3" >&2
    exit 0
fi
[ -n "$(version "$other")" ] || { echo "error: $other is no Python" >&2; exit 2; }

${EXEUNT:-cargo run --quiet --} test --matrix \
    --scenario non_daemon --scenario daemon --scenario spawn_during_shutdown --scenario exit_code \
    --implementation cpython --implementation other --implementation-command "other:cpython=$other"
