#!/bin/bash
# A planted bug is found, saved, replayed, drawn, and cannot be shrunk further.
# Usage: round_trip.sh ATTEST
set -uo pipefail
[[ -x ${1:-} ]] || { echo "usage: $0 ATTEST..." >&2; exit 64; }
attest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

bad=0
claim() {  # claim WHAT COMMAND...
  "${@:2}" || { echo "FAILED: $1"; bad=1; }
}
exits() {  # exits CODE ARG...   output in ./out
  local want=$1 got
  "$attest" "${@:2}" >out 2>err
  got=$?
  ((got == want)) || { echo "exit $got, not $want: attest ${*:2}"; cat err; return 1; }
}

claim 'the bug is found' \
  exits 1 fuzz --kernel planted/self_not_attended --property oracle.output --cases 20 --out run
claim 'the table says so' grep -q '^planted/self_not_attended .*FAILS 1 property' out
line=$(grep -E '^  [^ ]*attest replay ' out)
claim 'one line replays it' test "$(wc -l <<<"$line")" = 1
claim 'the pasted line fails the same way' bash -c "cd '$work' && ! ${line#  } >replayed"
claim 'replay compares with the record' grep -q 'as recorded: fail, value' replayed
file=$(ls run/failures/*/*.case.json)
claim 'the file is the only one' test "$(wc -l <<<"$file")" = 1

claim 'show draws it' exits 0 show "$file"
claim 'the first bad element is marked' grep -q '^> o   sequence 0 row 0 head 0 lane 0' out
claim 'its tile is named' grep -q 'tile 0 (of 16 keys)' out
claim 'no line is wider than a screen of 100' bash -c '! grep -E ".{101}" out'

claim 'it is minimal' grep -q '^problem   1 sequence, 1 query row, 1 key, 1 query head, head_dim 1' out
claim 'shrink finds nothing smaller' exits 1 shrink "$file" -o again.case.json
claim 'and changes nothing' cmp "$file" again.case.json

claim 'a correct kernel passes the same case' exits 0 replay --kernel cpu/prefill_query_outer_f32 "$file"
claim 'shrink has nothing to do there' exits 0 shrink --kernel cpu/prefill_query_outer_f32 "$file"
claim 'a folder is replayed as a whole' exits 1 replay run/failures
claim 'cases.jsonl holds a line for each case up to the failure' \
  test "$(grep -c '"metadata":{"kernel":"planted/self_not_attended","property":"oracle.output","k":' run/cases.jsonl)" -ge 1
claim 'a seed in hexadecimal is the same seed' \
  exits 1 fuzz --kernel planted/self_not_attended --property oracle.output --cases 20 --seed 0x1 --out run2
claim 'same seed, same bytes' cmp run/cases.jsonl run2/cases.jsonl
claim 'properties are listed' exits 0 list --property 'causality.*'
claim 'kernels are listed' exits 0 list --kernel 'planted/*'
claim 'a reader that goes away is no error' bash -c "'$attest' list | head -n 1 >/dev/null"
exit $bad
