#!/usr/bin/env bash
# Keeps a database of each kind as this build makes it, and what its agent says to a host, for all later builds:
#   scripts/keep_database.sh NAME
# writes tests/data/databases/NAME and tests/data/protocol/NAME, which kept.databases and kept.protocol read from then
# on. Run it once for each state of the schema or of the protocol that was released; what is kept never changes.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: scripts/keep_database.sh NAME" >&2; exit 2; }
[ ! -e "tests/data/databases/$1" ] || { echo "tests/data/databases/$1 is kept already" >&2; exit 1; }
PATH="$PWD/build/tools/node_modules/.bin:$PATH" exec node tests/kept/keep.mjs "$1"
