#!/usr/bin/env bash
# A Python environment of its own in FOLDER; what makes it (python3-venv) is installed by apt where it is missing.
#   venv.sh FOLDER LOG
set -euo pipefail
folder=$1
log=$2

fail() { tail -5 "$log" >&2; printf 'setup: %s\n' "$@" >&2; exit 1; }

make_venv() { python3 -m venv "$folder" >>"$log" 2>&1; }
if make_venv; then exit 0; fi
how="Python 3.10 or later with venv is needed, e.g.: apt-get install python3-venv"
command -v apt-get >/dev/null || fail "$how"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "$how"
  as_root=(sudo -n)
fi
"${as_root[@]}" apt-get update -qq >>"$log" 2>&1 || fail "$how"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >>"$log" 2>&1 || fail "$how"
rm -rf "$folder"
make_venv || fail "$how"
