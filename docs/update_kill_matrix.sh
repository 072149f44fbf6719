#!/bin/bash
# Runs the report card and puts what it says into docs/kill-matrix.svg and into docs/planted-bugs.md, between the two
# comments there. Usage: docs/update_kill_matrix.sh [ATTEST]     (default: ./attest of this checkout)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
attest=${1:-$root/attest}
out=$root/build/mutants page=$root/docs/planted-bugs.md
for mark in begin end; do
  grep -qx "<!-- kill matrix: $mark -->" "$page" || { echo "$page: no comment 'kill matrix: $mark'" >&2; exit 1; }
done
code=0
"$attest" mutants -o "$out" || code=$?
((code <= 2)) || exit $code  # a bug that survives belongs into the docs, too
cp "$out/kill-matrix.svg" "$root/docs/kill-matrix.svg"
awk -v table="$out/kill-matrix.md" '
  /^<!-- kill matrix: end -->$/ {skip = 0}
  !skip {print}
  /^<!-- kill matrix: begin -->$/ {
    while ((getline line < table) > 0) print line
    skip = 1
  }' "$page" >"$page.new"
mv "$page.new" "$page"
