#!/usr/bin/env bash
# Everything that must hold before a change is committed: style, types, all tests.
#   ./test.sh                    all of it
#   ./test.sh tests/utils -k x   only these tests; the arguments are pytest's
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source ./setup_venv.sh requirements.lock requirements-test.lock
if [ $# -eq 0 ]; then
    ruff check .
    ruff format --check .
    mypy
    set -- -n auto
fi
exec python -m pytest "$@"
