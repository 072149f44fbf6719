#!/bin/bash
# attest corpus: check tells records that no longer hold, merge copies what is new, prune leaves one case per failure.
# Usage: corpus.sh ATTEST
set -uo pipefail
[[ -x ${1:-} ]] || { echo "usage: $0 ATTEST..." >&2; exit 64; }
attest=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 70
mkdir none

bad=0
claim() {  # claim WHAT COMMAND...
  "${@:2}" || { echo "FAILED: $1"; bad=1; }
}
exits() {  # exits CODE ARG...   output in ./out
  local want=$1 got
  "$attest" "${@:2}" >out 2>err
  got=$?
  ((got == want)) || { echo "exit $got, not $want: attest ${*:2}"; cat out err; return 1; }
}
cases() { find "$1" -name '*.case.json' | wc -l; }

# Two cases of one failure: as drawn from two seeds, not shrunk.
for seed in 1 2; do
  claim 'a failure is saved' exits 1 fuzz --kernel planted/self_not_attended --property oracle.output \
    --cases 20 --max-shrinks 0 --seed $seed --corpus "bad$seed"
done

claim 'a failing case that fails is as recorded' exits 0 corpus check bad1
claim 'and is counted' grep -qx '1 of 1 check as recorded' out
mkdir stale lost elsewhere
sed 's/"expected": {[^}]*}/"expected": {"status": "pass"}/' bad1/*.case.json >stale/a.case.json
claim 'a pass that fails is wrong' exits 1 corpus check stale
claim 'and named' grep -q '^WRONG  planted/self_not_attended  oracle.output  stale/a.case.json' out
sed 's|planted/self_not_attended|cpu/prefill_query_outer_f32|' bad1/*.case.json >lost/a.case.json
claim 'a failure that passes is wrong' exits 1 corpus check lost
claim 'and said to pass' grep -q 'passes now; recorded: fail, value' out
sed 's/"failure_class": "value"/"failure_class": "nan"/' bad1/*.case.json >lost/a.case.json
claim 'a failure of another class is wrong' exits 1 corpus check lost
claim 'on a kernel that the file does not name a failure is no record' \
  exits 0 corpus check --kernel cpu/prefill_query_outer_f32 bad1
sed 's|planted/self_not_attended|mine/fast|' bad1/*.case.json >elsewhere/a.case.json
claim 'a kernel that is not here leaves it open' exits 2 corpus check elsewhere
claim 'and is named' grep -q "^not run  elsewhere/a.case.json: its kernel 'mine/fast' is not built in" out

claim 'merge copies' exits 0 corpus merge bad1 bad2 all
claim 'every case' test "$(cases all)" = 2
claim 'twice copies nothing' exits 0 corpus merge bad1 bad2 all
claim 'and says so' grep -qx '0 cases copied to all, 2 there already' out
mkdir renamed
cp bad1/*.case.json renamed/other-name.case.json
claim 'a case under another name is known' exits 0 corpus merge renamed all
claim 'by its contents' test "$(cases all)" = 2
claim 'a broken case is refused' bash -c "echo '{' >renamed/broken.case.json; ! '$attest' corpus merge bad1 renamed new 2>err"
claim 'before anything is written' test ! -e new

cp bad1/*.case.json all/copy.case.json
claim 'prune lists what is needless' exits 0 corpus prune all
claim 'a copy and the larger of two' grep -qx '2 of 3 cases needless; --remove removes them' out
claim 'and removes nothing' test "$(cases all)" = 3
claim 'unless it is told to' exits 0 corpus prune all --remove
claim 'one case stands for the failure' test "$(cases all)" = 1
claim 'which still fails' exits 1 replay all
claim 'cases that pass stay' bash -c "cp lost/a.case.json all/; sed -i 's|planted/self_not_attended|cpu/prefill_query_outer_f32|' all/a.case.json; '$attest' corpus prune all --remove | grep -qx '0 of 2 cases removed'"
exit $bad
