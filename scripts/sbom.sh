#!/bin/sh
# Write sbom.cdx.json: what the app consists of, as a bill of materials of CycloneDX.
# Its tool has an environment of its own, since the app does not need it.
set -eu
. scripts/installer.sh
tools=.venv/tools
if [ ! "$tools/installed" -nt requirements-tools.lock ]; then
    .venv/bin/python -m scripts.locks requirements-tools.txt requirements-tools.lock
    .venv/bin/python -m venv --clear "$tools"
    install_lock "$tools/bin/python" requirements-tools.lock
    touch "$tools/installed"
fi
# It warns that the app itself depends on nothing; scripts.sbom adds that.
"$tools/bin/python" -W ignore -m cyclonedx_py environment --pyproject pyproject.toml \
    -o "$tools/installed.cdx.json" .venv/bin/python
"$tools/bin/python" -m scripts.sbom "$tools/installed.cdx.json" sbom.cdx.json
