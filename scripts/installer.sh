# Make .venv with uv, unless it is there. Other scripts read this one in: `. scripts/installer.sh`.
python=""
for candidate in "${PYTHON:-}" python3.12 python3.13 python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed and was not found. On Debian or Ubuntu:" >&2
    echo "    sudo apt-get install python3 python3-venv" >&2
    exit 1
fi
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Making .venv with $($python --version) ..."
    if ! "$python" -m venv .venv; then
        if [ "$(id -u)" = "0" ] && command -v apt-get >/dev/null 2>&1; then
            apt-get update -qq || true
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv
            "$python" -m venv --clear .venv
        else
            echo "Python's venv module is missing. Run this, then call make again:" >&2
            echo "    sudo apt-get install python3-venv" >&2
            exit 1
        fi
    fi
fi
# The entry of uv alone: the other tools have an environment of their own.
sed -n '/^uv==/,/^ *# via/p' requirements-tools.lock >.venv/uv.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock ||
    echo "uv could not be installed, pip takes its place." >&2

# Install a lock file, every file of it checked by its hash: install_lock PYTHON LOCK
# uv is several times faster; pip is used if uv cannot reach the index.
install_lock() {
    .venv/bin/uv pip install --quiet --python "$1" --require-hashes -r "$2" ||
        "$1" -m pip install --disable-pip-version-check --require-hashes -r "$2"
}
