#!/usr/bin/env bash
# Brings a bare machine with Node to where everything here runs: npm packages, a JDK, Maven and Chromium, the real
# components (Kafka, schema registry, Flink, Prometheus) under .cache/, the checker compiled. Idempotent; when nothing
# is missing it only looks.
#   setup.sh              all of it
#   setup.sh components   without Flink, Prometheus, Chromium and the checkers of packages: enough to run the connector
#                         and to measure it
#   setup.sh packages     the npm packages alone: enough for everything that starts no real component
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=deploy/setup
what=${1:-all}

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }
digest() { cat "$@" | cksum; }

mkdir -p .cache
# Two set-ups at once would tread on each other's downloads.
if command -v flock >/dev/null; then
  exec 9>.cache/setup.lock
  flock 9
fi

# --- Node and its packages (in the background: nothing below needs them) -------------------------------------------
command -v node >/dev/null || fail "Node 20.19 or later is needed: install it, then run this again."
node "$here/node-version.mjs" || exit 1
npm_pid=""
if ! node "$here/packages-missing.mjs"; then
  say "npm packages …"
  # Not `npm ci`: it refuses a lock file that lacks the binaries of other platforms, and not every mirror has them all.
  npm install --no-save --no-progress >.cache/npm.log 2>&1 9>&- &
  npm_pid=$!
fi

await_npm() {
  [ -z "$npm_pid" ] || wait "$npm_pid" || { tail -15 .cache/npm.log >&2; fail "npm install failed"; }
}
if [ "$what" = packages ]; then
  await_npm
  exit 0
fi

# --- JDK 17 or later, Maven ----------------------------------------------------------------------------------------
java_is_new_enough() {
  command -v javac >/dev/null && command -v keytool >/dev/null || return 1
  local version
  version=$(javac -version 2>&1 | sed -n 's/^javac \([0-9][0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}

install_by_apt() {
  local as_root=() jdk=""
  local how="A JDK of version 17 or later and Maven are needed, e.g.: apt-get install openjdk-17-jdk-headless maven"
  command -v apt-get >/dev/null || fail "$how" "(no apt-get here: install them your system's way, then run this again)"
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "$how" "(not root, and sudo asks for a password: install them, then run this again)"
    as_root=(sudo -n)
  fi
  say "JDK and Maven by apt …"
  apt_failed() { tail -5 .cache/apt.log >&2; fail "apt-get $1 failed" "$how"; }
  "${as_root[@]}" apt-get update -qq >.cache/apt.log 2>&1 9>&- || apt_failed update
  for jdk in openjdk-17-jdk-headless openjdk-21-jdk-headless default-jdk-headless; do
    apt-cache show "$jdk" >/dev/null 2>&1 && break
  done
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$jdk" maven \
    >>.cache/apt.log 2>&1 9>&- || apt_failed "install $jdk maven"
  java_is_new_enough || fail "javac on the PATH is older than 17 even now: $(command -v javac || echo none)" "$how"
}

if ! java_is_new_enough || ! command -v mvn >/dev/null; then install_by_apt; fi

# --- Chromium, before anything else may run apt beside it ----------------------------------------------------------
[ "$what" != all ] || "$here/chromium.sh" 9>&-

# --- What judges the packages (helm, hadolint, …) and Python's consumer, also in the background --------------------
checkers_pid=""
if [ "$what" = all ]; then
  # One after the other: both may run apt.
  { "$here/checkers.sh" && "$here/consumers.sh"; } 9>&- &
  checkers_pid=$!
fi

# --- Kafka and the schema registry ---------------------------------------------------------------------------------
artifacts=$(digest deploy/maven/pom.xml)
if [ "$(cat .cache/artifacts.stamp 2>/dev/null)" != "$artifacts" ]; then
  say "Kafka and the schema registry by Maven …"
  rm -rf .cache/kafka .cache/registry .cache/registry-markers .cache/artifacts.stamp
  attempt=1
  until mvn -q -B -f deploy/maven/pom.xml generate-resources >.cache/maven.log 2>&1; do
    [ "$attempt" -lt 3 ] || { tail -15 .cache/maven.log >&2; fail "Maven could not fetch the components"; }
    attempt=$((attempt + 1))
    say "Maven failed; attempt $attempt of 3 …"
    sleep 2
  done
  printf '%s\n' "$artifacts" >.cache/artifacts.stamp
fi

# --- The checker (Java, no project code in it) ---------------------------------------------------------------------
checker="$artifacts $(digest test/real/checker/*.java)"
if [ "$(cat .cache/checker.stamp 2>/dev/null)" != "$checker" ]; then
  say "the checker …"
  rm -rf .cache/checker .cache/checker.stamp
  mkdir -p .cache/checker
  javac -nowarn -d .cache/checker -cp '.cache/kafka/*' test/real/checker/*.java
  printf '%s\n' "$checker" >.cache/checker.stamp
fi

# --- Flink ---------------------------------------------------------------------------------------------------------
[ "$what" != all ] || "$here/flink.sh" 9>&-

# --- Prometheus and promtool ---------------------------------------------------------------------------------------
[ "$what" != all ] || "$here/prometheus.sh" 9>&-

await_npm
[ -z "$checkers_pid" ] || wait "$checkers_pid" || exit 1
say "ready"
