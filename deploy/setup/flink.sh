#!/usr/bin/env bash
# Flink with its Kafka connector under .cache/flink, and the runner of deploy/flink's statements compiled beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source=deploy/flink
log=.cache/flink.log

fail() { tail -15 "$log" >&2; printf 'setup: %s\n' "$@" >&2; exit 1; }
digest() { cat "$@" | cksum; }

jars=$(digest "$source/pom.xml")
if [ "$(cat .cache/flink.stamp 2>/dev/null)" != "$jars" ]; then
  echo "setup: Flink by Maven …"
  rm -rf .cache/flink .cache/flink.stamp
  attempt=1
  until mvn -q -B -f "$source/pom.xml" generate-resources >"$log" 2>&1; do
    [ "$attempt" -lt 3 ] || fail "Maven could not fetch Flink"
    attempt=$((attempt + 1))
    echo "setup: Maven failed; attempt $attempt of 3 …"
    sleep 2
  done
  printf '%s\n' "$jars" >.cache/flink.stamp
fi

runner="$jars $(digest "$source"/runner/*.java)"
if [ "$(cat .cache/flink-runner.stamp 2>/dev/null)" != "$runner" ]; then
  rm -rf .cache/flink-runner .cache/flink-runner.stamp
  mkdir -p .cache/flink-runner
  javac -nowarn -d .cache/flink-runner -cp '.cache/flink/*' "$source"/runner/*.java >"$log" 2>&1 ||
    fail "the runner of Flink's statements could not be compiled"
  printf '%s\n' "$runner" >.cache/flink-runner.stamp
fi
