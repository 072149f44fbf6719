#!/bin/bash
# A campaign whose supervisor is killed again and again, at random moments, and resumed ends exactly as one that was
# left alone: same cases, verdicts, counts and shrunk failures, and the same coverage of kernels that hold.
# Usage: tests/e2e/killed.sh ATTEST [KILLS]     (default: 50)
set -euo pipefail
attest=$(readlink -f "$1") kills=${2:-50}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/none" "$work/alone" "$work/killed"
# Correct kernels, one with state of its own in every call, and three wrong ones of different classes.
fuzz=(fuzz --cases 150 --seed 11 --corpus "$work/none" --out run
  --kernel cpu/dense_f32 --kernel cpu/threaded_decode_f32 --kernel planted/self_not_attended
  --kernel planted/both_empty_nan --kernel planted/page_floor_drops_tail)

code=0
(cd "$work/alone" && time "$attest" "${fuzz[@]}" >out 2>err) || code=$?
((code == 1)) || { echo "left alone: exit $code, not 1"; cat "$work/alone/err"; exit 1; }

cd "$work/killed"
RANDOM=7
done_kills=0 resumes=0
start=("${fuzz[@]}")
while ((done_kills < kills)); do
  "$attest" "${start[@]}" >out 2>err &
  pid=$!
  sleep "0.$(printf '%03d' $((RANDOM % 400 + 20)))"
  if ! kill -KILL $pid 2>/dev/null; then
    code=0
    wait $pid || code=$?
    ((code == 1)) || { echo "resumed: exit $code"; cat err; exit 1; }
    break
  fi
  wait $pid 2>/dev/null || true
  ((done_kills += 1))
  # Killed before it had a folder, it is begun again.
  if [[ -f run/run.json ]]; then start=(fuzz --resume run) && ((resumes += 1)); else rm -rf run; fi
done
code=0
"$attest" "${start[@]}" >out 2>err || code=$?  # killed before it had a folder every time, it begins
((code == 1)) || { echo "at the end: exit $code, not 1"; cat err; exit 1; }

# Times and places differ, and how many cases of a pair other lanes run before they hear of its first failure: those
# count among second looks, escalations and what was met, and only of kernels that hold is all of it the same.
strip() {
  grep -vE '"(elapsed_ms|search_ms|generate_ns|oracle_ns|kernel_ns|total_ns|started|directory)":' "$1" |
    grep -vE '"(second_looks|escalations|vacuous|labels_seen|label_pairs_seen)":'
}
correct() { awk '/^   "name": / {show = /"cpu\//} show' "$1/coverage.json"; }
diff <(strip "$work/alone/run/run.json") <(strip run/run.json) || { echo 'run.json differs'; exit 1; }
cmp "$work/alone/run/cases.jsonl" run/cases.jsonl
[[ $(correct run | wc -l) -gt 1000 ]]
diff <(correct "$work/alone/run") <(correct run) >/dev/null || { echo 'coverage differs'; exit 1; }
diff -r "$work/alone/run/failures" run/failures
# Of this test's: others may run campaigns beside it.
for pid in $(pgrep -f "^$attest fuzz" || true); do
  [[ $(readlink "/proc/$pid/cwd" || true) != "$work"/* ]] || { echo "process $pid is left"; exit 1; }
done
echo "$done_kills kills, $resumes resumed: the same $(wc -l <run/cases.jsonl) recorded cases and $(find run/failures -type f | wc -l) failures"
