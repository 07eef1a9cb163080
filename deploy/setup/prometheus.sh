#!/usr/bin/env bash
# Prometheus with promtool for the tests: what is on the PATH, else Debian's package, unpacked under .cache/prometheus.
# Unpacked and not installed: that needs no root and starts no service.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=.cache/prometheus

fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }
how="Prometheus 2.42 or later with promtool is needed on the PATH, e.g.: apt-get install prometheus"

if "$folder/usr/bin/promtool" --version >/dev/null 2>&1 && "$folder/usr/bin/prometheus" --version >/dev/null 2>&1; then
  exit 0
fi
if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
  fail "$how" "(no apt here: install it your system's way, then run this again)"

echo "setup: Prometheus …"
rm -rf "$folder"
mkdir -p "$folder"
log=$PWD/.cache/prometheus.log
download() { (cd "$folder" && apt-get download -qq prometheus) >>"$log" 2>&1; }
: >"$log"
if ! download; then
  # The lists of packages are missing or old.
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "$how" "(not root, and sudo asks for a password: see $log)"
    as_root=(sudo -n)
  fi
  "${as_root[@]}" apt-get update -qq >>"$log" 2>&1 || { tail -5 "$log" >&2; fail "apt-get update failed" "$how"; }
  download || { tail -5 "$log" >&2; fail "apt-get download prometheus failed" "$how"; }
fi
# The programs alone: the rest of the package links to packages that are not there.
dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin
rm -f "$folder"/prometheus_*.deb
"$folder/usr/bin/promtool" --version >>"$log" 2>&1 || { tail -5 "$log" >&2; fail "promtool does not run here" "$how"; }
