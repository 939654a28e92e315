#!/usr/bin/env bash
# Writes requirements.lock and requirements-test.lock anew: every package, pip included, with the
# hashes of its files. Resolved for Linux and macOS and Python 3.11 to 3.13 in one go; what is only
# resolved and not run by the tests here is macOS. Run it after a change of requirements*.txt.
#     ./lock_requirements.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3}" -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check uv
uv="$tools/venv/bin/uv"

lock() {
    local output="$1"
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --custom-compile-command ./lock_requirements.sh --output-file "$output" "$@"
}

echo "pip" > "$tools/pip.txt"
lock requirements.lock requirements.txt "$tools/pip.txt"
lock requirements-test.lock requirements-test.txt --constraint requirements.lock
