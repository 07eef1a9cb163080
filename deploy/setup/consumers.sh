#!/usr/bin/env bash
# What the Python consumer of docs/consuming.md imports, under .cache/consumers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$PWD/.cache/consumers
requirements=deploy/consumers/requirements.txt
log=$PWD/.cache/consumers.log

wanted=$(cksum <"$requirements")
if [ "$(cat .cache/consumers.stamp 2>/dev/null)" = "$wanted" ] && "$folder/venv/bin/python" --version >/dev/null 2>&1; then
  exit 0
fi

echo "setup: Kafka and Avro for Python …"
rm -rf "$folder" .cache/consumers.stamp
mkdir -p "$folder"
: >"$log"
deploy/setup/venv.sh "$folder/venv" "$log"
if ! "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >>"$log" 2>&1; then
  tail -5 "$log" >&2
  echo "setup: pip could not install confluent-kafka and fastavro" >&2
  exit 1
fi
printf '%s\n' "$wanted" >.cache/consumers.stamp
