#!/bin/sh
# Install the Debian packages that are missing, if this user may; otherwise say how.
set -eu
missing=""
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo "the tests need these Debian packages, or your system's equivalents:$missing" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "the tests need more packages; run: sudo apt-get install -y$missing" >&2
    exit 2
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # the lists are words
$sudo apt-get install -y -qq $missing >/dev/null 2>&1 || {
    $sudo apt-get update -qq && $sudo apt-get install -y -qq $missing >/dev/null
}
