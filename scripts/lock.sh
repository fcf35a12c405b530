#!/bin/sh
# Make the lock files anew from requirements*.txt, for Python 3.11 and later on every system.
# Versions that are locked stay if they still fit; `lock.sh --upgrade` takes the newest.
set -eu
. scripts/installer.sh
lock() { # name of the list, further options
    name=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command "make lock" "$@" -o "$name.lock" "$name.txt"
    .venv/bin/python -m scripts.locks "$name.txt" "$name.lock"
}
lock requirements "$@"
lock requirements-dev -c requirements.lock "$@"
lock requirements-tools "$@"
