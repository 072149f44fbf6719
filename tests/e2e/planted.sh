#!/bin/bash
# Every planted bug is found, in at most 2,000 cases and 10 seconds with the default seed, and every failure shrinks to
# a minimal case that replays. Prints per bug the cases, the seconds for all of it, the properties that fail and the
# median and largest number of evaluations of a shrink; then the same over all shrinks.
# Usage: tests/e2e/planted.sh [ATTEST]     (default: ./attest of this checkout)
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
attest=${1:-$root/attest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
mkdir "$work/none"
"$attest" list >/dev/null || exit 70  # builds first, so that no build is timed

mapfile -t kernels < <("$attest" list --kernel 'planted/*' | sed -nE 's|^(planted/[^ ]+) .*|\1|p')
((${#kernels[@]} >= 54)) || { echo "only ${#kernels[@]} planted kernels are listed"; exit 1; }

median_and_largest() { sort -n | awk '{a[NR] = $1} END {print (NR ? a[int((NR + 1) / 2)] : "-"), (NR ? a[NR] : "-")}'; }
printf '%-30s %7s %8s %6s %12s\n' kernel cases seconds fails evaluations
for kernel in "${kernels[@]}"; do
  # 45 cases of each of at most 41 properties stay below 2,000.
  mkdir -p "$work/out"
  start=$EPOCHREALTIME
  (cd "$work/out" && "$attest" fuzz --kernel "$kernel" --cases 45 --max-shrinks 50 \
    --corpus "$work/none" >"$work/log" 2>&1)
  code=$?
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}')
  cases=$(sed -nE 's/^([0-9,]+) cases, .*/\1/p' "$work/log" | tr -d ,)
  fails=$(grep -c '^FAIL' "$work/log")
  sed -nE 's/^ +([0-9]+) evaluations.*/\1/p' "$work/log" >"$work/evaluations"
  cat "$work/evaluations" >>"$work/all"
  printf '%-30s %7s %8s %6s %12s\n' "$kernel" "$cases" "$seconds" "$fails" "$(median_and_largest <"$work/evaluations")"
  problem=
  ((code == 1)) || problem="exit $code instead of 1"
  ((cases <= 2000)) || problem="took $cases cases"
  awk -v s="$seconds" 'BEGIN {exit !(s < 10)}' || problem="took $seconds s"
  [[ $(grep -c 'minimal:' "$work/log") -eq $fails ]] || problem="a failure was not shrunk to a minimal case"
  while read -r file; do
    "$attest" replay "$file" >/dev/null 2>&1
    (($? == 1)) || problem="$file does not fail again"
  done < <(awk '/^(FAIL|FLAKY) / {kind = $1} kind == "FAIL"' "$work/log" | sed -nE 's/^ +[^ ]*attest replay (.*)/\1/p')
  [[ -z $problem ]] || { echo "FAILED $kernel: $problem"; tail -n 60 "$work/log"; bad=1; }
  rm -rf "$work/out" "$work/none"/*
done
read -r median largest < <(median_and_largest <"$work/all")
echo "$(wc -l <"$work/all") shrinks: median $median evaluations, largest $largest"
((median < 300)) || { echo "FAILED: the median shrink takes 300 evaluations or more"; bad=1; }
exit $bad
