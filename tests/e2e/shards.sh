#!/bin/bash
# Eight shards, merged, are one run of the same seed: same cases, same verdicts, same counts, the same first failures
# as they were drawn, and the same coverage of kernels that hold.
# Usage: tests/e2e/shards.sh ATTEST [SHARDS]     (default: 8)
set -euo pipefail
attest=$(readlink -f "$1") shards=${2:-8}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# A stored case that one of the kernels fails.
"$attest" fuzz --kernel planted/self_not_attended --property oracle.output --cases 5 --corpus stored >log 2>&1 || true
[[ -n $(ls stored) ]] || { echo 'nothing to store'; cat log; exit 1; }
# Correct kernels, two wrong ones that fail in different classes, and one that fails only now and then.
# Which failures are shrunk depends on which a part finds (--max-shrinks counts per kernel).
fuzz=(fuzz --cases 100 --seed 11 --record all --max-shrinks 0 --corpus stored
  --kernel cpu/dense_f32 --kernel cpu/split_kv_f32 --kernel planted/self_not_attended
  --kernel planted/both_empty_nan --kernel planted/page_floor_drops_tail)
exits() {  # exits CODE COMMAND...
  local code=0
  "${@:2}" >log 2>&1 || code=$?
  ((code == $1)) || { echo "exit $code, not $1: ${*:2}"; cat log; exit 1; }
}
exits 1 "$attest" "${fuzz[@]}" --out whole
for ((part = 1; part <= shards; ++part)); do
  exits 1 "$attest" "${fuzz[@]}" --shard "$part/$shards" --jobs 2 --out "part$part"
done
exits 1 "$attest" merge part* --out merged
cmp whole/cases.jsonl merged/cases.jsonl
# Other parts go on with a pair that failed in one, and meet more: only where nothing fails is coverage the same.
correct() { awk '/^   "name": / {show = /"cpu\//} show' "$1/coverage.json"; }
[[ $(correct whole | wc -l) -gt 1000 ]]
diff <(correct whole) <(correct merged) >/dev/null || { echo 'coverage differs'; exit 1; }
section() { sed -n "/^ \"$1\": \[/,/^ \]/p" "$2/run.json"; }
for name in pairs suspicious stored; do
  diff <(section "$name" whole) <(section "$name" merged) || { echo "$name differ"; exit 1; }
done
[[ $(section pairs merged | grep -c '"first_failure"') -ge 3 ]] || { echo 'too few pairs fail'; exit 1; }
# A part may have met other failures of a pair later than its first one: they are kept, beside the same first ones.
for file in $(cd whole && find failures -name '*.case.json'); do cmp "whole/$file" "merged/$file"; done
grep -q '<failure' merged/junit.xml

# Run folders that do not belong together are refused, by name, and nothing is left.
exits 64 "$attest" merge part1 part1 --out twice
grep -q 'comes twice' log
exits 1 "$attest" "${fuzz[@]/#11/12}" --shard "2/$shards" --out other
exits 64 "$attest" merge part1 other --out mixed
grep -q 'the seed (11 and 12)' log
[[ ! -e twice && ! -e mixed && -z $(find . -name '.*.merging.*') ]] || { echo 'half a merge is left'; exit 1; }
echo "$shards shards: the same $(wc -l <merged/cases.jsonl) cases, $(find merged/failures -type f | wc -l) failures"
