#!/bin/sh
# Install the system libraries that Open3D needs; with --browser also Chromium for the tests, and with
# --pictures also a font with Japanese letters, for the screenshots of the documentation.
# Without the rights to install, print the exact command and go on or stop.
set -eu
packages=""
need() { # library file, Debian package
    ldconfig -p 2>/dev/null | grep -q "$1" || packages="$packages $2"
}
if [ "$(uname -s)" = "Linux" ]; then
    PATH="$PATH:/sbin:/usr/sbin"
    need libusb-1.0.so.0 libusb-1.0-0
    need libGL.so.1 libgl1
    need libEGL.so.1 libegl1
    need libgomp.so.1 libgomp1
    need libX11.so.6 libx11-6
fi
if [ "${1:-}" = "--browser" ] || [ "${1:-}" = "--pictures" ]; then
    # Playwright's driver is a separate program that needs this library.
    [ "$(uname -s)" != "Linux" ] || need libatomic.so.1 libatomic1
    command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
fi
if [ "${1:-}" = "--pictures" ]; then
    [ -n "$(fc-list :lang=ja 2>/dev/null)" ] || packages="$packages fontconfig fonts-noto-cjk"
fi
[ -n "$packages" ] || exit 0
echo "System libraries are missing:$packages"
command="apt-get install -y --no-install-recommends$packages"
if command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = "0" ]; then
        apt-get update -qq || true
        DEBIAN_FRONTEND=noninteractive $command && exit 0
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo apt-get update -qq || true
        sudo DEBIAN_FRONTEND=noninteractive $command && exit 0
    fi
    echo "They could not be installed from here. Run this, then call make again:" >&2
    echo "    sudo $command" >&2
else
    echo "Install them with this system's package manager (the names are Debian's), then call make again." >&2
fi
exit 1
