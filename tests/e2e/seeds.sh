#!/bin/bash
# Every seed holds on every built-in kernel that serves it; those that none serves yet are the MLA shapes, by name.
# Usage: tests/e2e/seeds.sh ATTEST SOURCE_DIR
set -uo pipefail
attest=$1 source=$2
log=$("$attest" replay --kernel 'cpu/*' "$source"/corpus/seeds/*.case.json)
code=$?
tail -n 1 <<<"$log"
not_run=$(grep '^not run' <<<"$log")
echo "$not_run"
((code == 0)) && grep -qE ', 0 fail, 0 undecided; ' <<<"$log" &&
  [[ $(grep -c '^pass ' <<<"$log") -ge 100 && $(grep -c . <<<"$not_run") -eq $(grep -c deepseek-v3- <<<"$not_run") ]]
