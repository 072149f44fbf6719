#!/bin/bash
# The same seed gives byte-identical cases, twice, with any number of jobs; another seed gives others.
# Usage: tests/e2e/same_cases.sh ATTEST [OTHER_ATTEST]     (OTHER: built by another compiler)
set -euo pipefail
attest=$1 other=${2:-$1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/none"
run() {  # run NAME ATTEST ARGS...
  "$2" fuzz --kernel 'cpu/*' --cases 4 --record all --corpus "$work/none" --out "$work/$1" "${@:3}" >/dev/null
  [[ -s $work/$1/cases.jsonl ]] || { echo "run $1 wrote no cases"; exit 1; }
}
run a "$attest" --seed 5
run b "$other" --seed 5 --jobs 1
run c "$attest" --seed 6
cmp "$work/a/cases.jsonl" "$work/b/cases.jsonl"
! cmp -s "$work/a/cases.jsonl" "$work/c/cases.jsonl" || { echo 'another seed gave the same cases'; exit 1; }
wc -l <"$work/a/cases.jsonl"
