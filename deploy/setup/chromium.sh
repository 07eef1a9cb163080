#!/usr/bin/env bash
# A Chromium for the tests of the status page: what is on the PATH, else Debian's package by apt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
how="Chromium is needed on the PATH, e.g.: apt-get install chromium"
log=$PWD/.cache/chromium.log

fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
command -v apt-get >/dev/null || fail "$how" "(no apt-get here: install it your system's way, then run this again)"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "$how" "(not root, and sudo asks for a password: install it, then run this again)"
  as_root=(sudo -n)
fi
echo "setup: Chromium by apt …"
apt_failed() { tail -5 "$log" >&2; fail "apt-get $1 failed" "$how"; }
"${as_root[@]}" apt-get update -qq >"$log" 2>&1 || apt_failed update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
  fonts-dejavu-core >>"$log" 2>&1 || apt_failed "install chromium"
