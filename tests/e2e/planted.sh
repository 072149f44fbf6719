#!/bin/bash
# Every planted bug is found, in at most 2,000 cases and 10 seconds with the default seed, and shrinks to a minimal
# case that replays. Prints a table: cases and seconds to the first failure, properties that fail, evaluations of
# the shrinks. Usage: tests/e2e/planted.sh [ATTEST]     (default: ./attest of this checkout)
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
attest=${1:-$root/attest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
mkdir "$work/none"
"$attest" list >/dev/null || exit 70  # builds first, so that no build is timed

mapfile -t kernels < <("$attest" list --kernel 'planted/*' | sed -nE 's|^(planted/[^ ]+) .*|\1|p')
((${#kernels[@]} >= 16)) || { echo "only ${#kernels[@]} planted kernels are listed"; exit 1; }

printf '%-30s %7s %8s %6s %12s\n' kernel cases seconds fails evaluations
for kernel in "${kernels[@]}"; do
  # 45 cases of each of at most 41 properties stay below 2,000.
  mkdir -p "$work/out"
  start=$EPOCHREALTIME
  (cd "$work/out" && "$attest" fuzz --kernel "$kernel" --cases 45 --corpus "$work/none" >"$work/log" 2>&1)
  code=$?
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}')
  cases=$(sed -nE 's/^([0-9,]+) cases, .*/\1/p' "$work/log" | tr -d ,)
  fails=$(grep -c '^FAIL' "$work/log")
  evaluations=$(sed -nE 's/^ +([0-9]+) evaluations.*/\1/p' "$work/log" | paste -sd ' ')
  printf '%-30s %7s %8s %6s %12s\n' "$kernel" "$cases" "$seconds" "$fails" "$evaluations"
  problem=
  ((code == 1)) || problem="exit $code instead of 1"
  ((cases <= 2000)) || problem="took $cases cases"
  awk -v s="$seconds" 'BEGIN {exit !(s < 10)}' || problem="took $seconds s"
  grep -q 'minimal:' "$work/log" || problem="no minimal case"
  while read -r file; do
    "$attest" replay "$file" >/dev/null 2>&1
    (($? == 1)) || problem="$file does not fail again"
  done < <(sed -nE 's/^ +[^ ]*attest replay (.*)/\1/p' "$work/log")
  [[ -z $problem ]] || { echo "FAILED $kernel: $problem"; tail -n 60 "$work/log"; bad=1; }
  rm -rf "$work/out" "$work/none"/*
done
exit $bad
