#!/bin/bash
# At least CHECKS checks of correct CPU kernels over five seeds, and a few of every CUDA kernel on the SIMT executor,
# plain and with every memory access looked at, which take longer: none may fail.
# Usage: tests/e2e/no_false_alarm.sh [CHECKS [ATTEST]]     (default: 200000, ./attest of this checkout)
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
wanted=${1:-200000} attest=${2:-$root/attest}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/none"
cd "$work"
total=0
for seed in 1 2 3 4 5; do
  # More than 1,600 (kernel, property) pairs; a little over the share, since some cases are skipped.
  "$attest" fuzz --kernel "cpu/*" --seed "$seed" --cases $((wanted / 5 / 1400 + 1)) --corpus "$work/none" >log 2>&1 || { cat log; exit 1; }
  line=$(grep -E '^[0-9,]+ cases, ' log)
  checks=$(sed -E 's/.* ([0-9,]+) checks .*/\1/' <<<"$line" | tr -d ,)
  total=$((total + checks))
  echo "seed $seed: $line"
done
echo "$total checks, 0 failures"
for kernels in 'simt/*' 'check/*'; do
  # Exit code 2: so few cases that of some pair none could be judged.
  code=0
  "$attest" fuzz --kernel "$kernels" --cases 1 --corpus "$work/none" >log 2>&1 || code=$?
  ((code == 0 || code == 2)) || { cat log; exit 1; }
  echo "$kernels: $(grep -E '^[0-9,]+ cases, ' log)"
done
((total >= wanted)) || { echo "fewer than the $wanted asked for"; exit 1; }
