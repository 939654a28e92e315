# Sourced by quickstart.sh and test.sh: makes .venv beside this file, installs the requirement files
# given as arguments where they have changed, and puts .venv first on PATH.
# PYTHON=/path/to/python chooses the interpreter for a new .venv.

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c 'import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python 3.11, 3.12 or 3.13 with the venv module was found; install one" \
        "(Debian and Ubuntu: apt install python3 python3-venv), or name it: PYTHON=... $0" >&2
    return 2
}

make_venv() {
    local folder stamp python
    folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
    stamp="$folder/.venv/installed-$(cd "$folder" && cat "$@" | cksum | tr ' ' '-')"
    if [ ! -e "$stamp" ] || ! "$folder/.venv/bin/python" -c '' 2>/dev/null; then
        if ! "$folder/.venv/bin/python" -c '' 2>/dev/null; then
            python="$(find_python)" || return
            echo "making .venv with $("$python" --version)" >&2
            "$python" -m venv --clear "$folder/.venv" || return
        fi
        echo "installing $*" >&2
        (cd "$folder" && .venv/bin/python -m pip install --quiet --disable-pip-version-check \
            --require-hashes \
            $(printf -- '-r %s ' "$@")) || return
        : > "$stamp"
    fi
    export PATH="$folder/.venv/bin:$PATH"
}

make_venv "$@"
