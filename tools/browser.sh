#!/bin/sh
# The browser tests drive a real Chromium. Debian's package is installed where that is possible.
set -eu
for name in "${FOOTFALL_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "browser: installing Debian's chromium …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    exit 0
fi
echo "browser: the browser tests need Chromium: install it (Debian: apt-get install chromium)," >&2
echo "browser: or name one in FOOTFALL_CHROMIUM." >&2
exit 1
