#!/usr/bin/env bash
# Runs statements on a Flink inside one JVM: tables.sql, views.sql, then the jobs or files named, or all jobs.
#   run.sh [-Dname=value …] [JOB | FILE.sql …]
# variables.properties has the names; one with a dot is an option of Flink. `make setup` has to have been run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$here/../../.cache
[ -d "$cache/flink-runner" ] || { echo "Flink is not there yet: run \`make setup\`" >&2; exit 1; }

options=()
while [[ "${1:-}" == -D* ]]; do
  options+=("$1")
  shift
done
# Flink looks into classes of the JDK, which since Java 17 has to be allowed.
opened=()
for package in lang net nio time util; do opened+=("--add-opens=java.base/java.$package=ALL-UNNAMED"); done
exec java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "${opened[@]}" \
  -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -cp "$cache/flink-runner:$cache/flink/*" SqlRunner ${options[@]+"${options[@]}"} "$here" "$@"
