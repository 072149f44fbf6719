#!/bin/bash
# The memory of a campaign does not grow: the resident size of all its processes, from a fifth of the way to the end,
# stays within 10 %.
# Usage: tests/e2e/flat_memory.sh ATTEST [CASES]     (default: 1000000)
set -euo pipefail
attest=$(readlink -f "$1") cases=${2:-1000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir none
"$attest" fuzz --kernel cpu/dense_f32 --kernel cpu/paged_decode_f32 --total-cases "$cases" --corpus none \
  --out run >out 2>err &
pid=$!
# Of the supervisor, its lanes and their kernel processes; pages that they share count once each (PSS).
resident() {
  local sum=0 kb
  for process in $pid $(pgrep -P "$pid" || true) $(pgrep -P "$(pgrep -P "$pid" -d, || echo 0)" || true); do
    kb=$(awk '/^Pss:/ {print $2}' "/proc/$process/smaps_rollup" 2>/dev/null || echo 0)
    ((sum += ${kb:-0})) || true
  done
  echo "$sum"
}
samples=()
while sleep 0.5; do
  kill -0 $pid 2>/dev/null || break
  samples+=("$(resident)")
done
code=0
wait $pid || code=$?
((code == 0)) || { echo "exit $code"; cat err; exit 1; }
n=${#samples[@]}
((n >= 10)) || { echo "only $n samples: ask for more cases"; exit 1; }
# Medians over a fifth of the way each: a single sample may catch a large case.
median() { printf '%s\n' "$@" | sort -n | sed -n "$(($# / 2 + 1))p"; }
early=$(median "${samples[@]:n / 5:n / 5}") late=$(median "${samples[@]:n - n / 5}")
echo "$cases cases, $n samples: $early kB in the second fifth, $late kB in the last"
((late * 10 <= early * 11)) || { echo 'it grew by more than 10 %'; exit 1; }
