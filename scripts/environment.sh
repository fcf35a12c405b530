#!/bin/sh
# Make .venv and install a lock file into it; does nothing if that is done already.
# Usage: environment.sh LOCK STAMP
set -eu
lock=$1
stamp=.venv/$2
newer=""
for file in "$lock" "${lock%.lock}.txt" requirements.txt; do
    [ "$stamp" -nt "$file" ] || newer=$file
done
if [ -z "$newer" ]; then
    exit 0
fi
. scripts/installer.sh
.venv/bin/python -m scripts.locks "${lock%.lock}.txt" "$lock"
echo "Installing $lock (with PyTorch some 7 GB on disk; the first time takes a few minutes) ..."
install_lock .venv/bin/python "$lock"
touch "$stamp"
echo "Installed."
