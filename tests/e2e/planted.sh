#!/bin/bash
# The report card of planted bugs within its limits: all killed, at a median below 100 cases and never in 5,000 or more;
# every first kill shrunk to a minimal case that fails again when replayed and whose drawing fits a screen of 50 lines and
# 120 columns; docs/planted-bugs.md lists every bug. The card is kept in build/mutants. The time is printed: it is to be
# below 120 s on two idle cores, but a busy machine is no defect.
# Usage: tests/e2e/planted.sh [ATTEST]     (default: ./attest of this checkout)
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
attest=${1:-$root/attest}
out=$root/build/mutants
bad=0
complain() { echo "FAILED: $*"; bad=1; }
"$attest" list >/dev/null || exit 70  # builds first, so that no build is timed
rm -rf "$out"

start=$EPOCHREALTIME
"$attest" mutants -o "$out" || complain "attest mutants: exit $?"
seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}')
card=$out/mutants.txt
[[ -s $card ]] || exit 1

# CUDA code on the SIMT executor has a card of its own, below.
listed=$("$attest" list --kernel 'planted/*' | awk '/^planted\// {n++} /^  runs on/ {n--} END {print n}')
read -r killed all < <(sed -nE 's/^([0-9]+) of ([0-9]+) planted bugs killed.*/\1 \2/p' "$card")
((killed == all && all == listed && all >= 54)) || complain "$killed of $all killed, $listed are listed"
read -r median most < <(sed -nE 's/.*first kill: median ([0-9,]+), most ([0-9,]+)$/\1 \2/p' "$card" | tr -d ,)
((median < 100)) || complain "median of $median cases"
((most < 5000)) || complain "a bug took $most cases"

lines=0 columns=0 cases=0
for file in "$out"/cases/*.case.json; do
  ((cases += 1))
  "$attest" replay "$file" >/dev/null 2>&1
  (($? == 1)) || complain "$file does not fail again"
  grep -q '"minimal": true' "$file" || complain "$file is not minimal"
  drawing=$("$attest" show "$file") || complain "$file cannot be drawn"
  height=$(wc -l <<<"$drawing") width=$(awk '{if (length > w) w = length} END {print w}' <<<"$drawing")
  ((height <= 50 && width <= 120)) || complain "$file needs $height lines of $width columns"
  ((height <= lines)) || lines=$height
  ((width <= columns)) || columns=$width
done
# Two bugs may have the same minimal case but for the name of the kernel, which is part of it.
((cases == killed)) || complain "$cases cases for $killed bugs"
echo "$seconds s; $cases cases replay; the largest drawing has $lines lines, the widest $columns columns"

cuda=()
while read -r name; do cuda+=(--kernel "$name"); done < <(
  "$attest" list --kernel 'planted/*' | awk '/^planted\// {name = $1} /^  runs on/ {print name}')
"$attest" mutants "${cuda[@]}" --cases 20 -p oracle.output -p determinism.schedule -p determinism.run_to_run \
  -p padding.page_tail -p determinism.graph -o "$out-cuda" >/dev/null || complain "attest mutants of CUDA kernels: exit $?"
sed -n '/planted bugs killed/p' "$out-cuda/mutants.txt"
((${#cuda[@]} >= 50)) || complain "only $((${#cuda[@]} / 2)) planted CUDA kernels are listed"

while read -r name; do
  grep -qE "^\| \`?$name\`? \|" "$root/docs/planted-bugs.md" ||
    complain "docs/planted-bugs.md does not list $name (docs/update_kill_matrix.sh)"
done < <("$attest" list --kernel 'planted/*' | sed -nE 's|^planted/([^ ]+) .*|\1|p')
exit $bad
