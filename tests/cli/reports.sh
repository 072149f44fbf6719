#!/bin/bash
# Reports for machines from the command line: JSON, GitHub, JUnit, waivers, and the part a job does.
# Usage: reports.sh ATTEST
set -uo pipefail
[[ -x ${1:-} ]] || { echo "usage: $0 ATTEST..." >&2; exit 64; }
attest=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 70
mkdir none
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
fuzz=(fuzz --kernel planted/self_not_attended --property oracle.output --cases 20)

bad=0
claim() {  # claim WHAT COMMAND...
  "${@:2}" || { echo "FAILED: $1"; bad=1; }
}
exits() {  # exits CODE ARG...   output in ./out and ./err
  local want=$1 got
  "$attest" "${@:2}" >out 2>err
  got=$?
  ((got == want)) || { echo "exit $got, not $want: attest ${*:2}"; cat err; return 1; }
}

claim 'JSON has the exit code of the text' exits 1 "${fuzz[@]}" --json
claim 'it is the record and nothing else' bash -c 'head -n 2 out | tr -d "\n" | grep -qx "{ \"attest_run\": 1," && [[ $(tail -n 1 out) == "}" ]]'
claim 'the record has the failure' grep -q '"signature": "oracle-output-value-o"' out
claim 'and the exit code' grep -q '^ "exit_code": 1,' out

export GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=$work/summary.md
claim 'on GitHub a failure' exits 1 "${fuzz[@]}"
claim 'is one annotation at the property' test "$(grep -c '^::error file=properties/oracle.cc,line=[0-9]*,title=oracle.output fails on ' out)" = 1
claim 'and in the summary' grep -q '^## attest: 1 of 1 fail' summary.md
claim 'JSON stays JSON there' exits 1 "${fuzz[@]}" --json
claim 'with the annotation on stderr' bash -c '! grep -q ^:: out && grep -q ^::error err'
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
claim 'elsewhere --github asks for it' exits 1 "${fuzz[@]}" --github
claim 'the annotation is there' grep -q '^::error' out

waiver() {  # waiver PROPERTY KERNEL EXPIRES
  printf '[{"property":"%s","kernel":"%s","reason":"issue 7","owner":"ada","expires":"%s"}]\n' "$@" >waivers.json
}
waiver oracle 'planted/*' 2999-12-31
claim 'a waived failure is no reason for exit code 1' exits 0 "${fuzz[@]}" --waivers waivers.json --out run
claim 'it is reported as waived' grep -q '^waived: oracle.output fails on planted/self_not_attended: issue 7 (ada, until 2999-12-31)' out
claim 'it is saved all the same' grep -q '"waiver": "issue 7 (ada, until 2999-12-31)"' run/run.json
claim 'JUnit skips it with the reason' grep -q '<skipped message="waived: issue 7' run/junit.xml
waiver oracle 'planted/*' 2020-01-31
claim 'an expired waiver covers nothing' exits 1 "${fuzz[@]}" --waivers waivers.json
claim 'and is reported' grep -q 'expired on 2020-01-31' out
waiver oracle.output cpu/dense_f32 2999-12-31
claim 'a waiver of what passes' exits 0 fuzz --kernel cpu/dense_f32 --property oracle.output --cases 5 --waivers waivers.json
claim 'is reported' grep -q '^waiver of oracle.output on cpu/dense_f32 (ada): passes' out
waiver oracle.output cpu/dense_f32 2999-02-30
claim 'a waiver file that makes no sense is refused' exits 3 "${fuzz[@]}" --waivers waivers.json --out none/run
claim 'with its field' grep -q '^attest: waivers.json: \[0\].expires' err
claim 'before anything is written' test -z "$(ls none)"

export GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=1 GTEST_SHARD_STATUS_FILE=$work/status
claim 'a part is done where a runner asks for one' exits 0 fuzz --kernel cpu/dense_f32 --property oracle.output --cases 5
claim 'and said' grep -qx 'part 2/2 of the cases (GoogleTest)' out
claim 'it has its part of the cases' grep -qE '^cpu/dense_f32 +1 +2 ' out
claim 'the runner is told' test -e status
claim 'unless all are asked for' exits 0 fuzz --kernel cpu/dense_f32 --property oracle.output --cases 5 --shard off
claim 'then all are done' grep -qE '^cpu/dense_f32 +1 +5 ' out
GTEST_SHARD_INDEX=2
claim 'a part that there is not is refused' exits 64 fuzz --kernel cpu/dense_f32 --cases 5
claim 'by name' grep -q '^attest: GTEST_SHARD_INDEX: expected a number from 0 to 1, got 2' err
exit $bad
