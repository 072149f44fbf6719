#!/bin/bash
# Every seed holds on every built-in kernel that serves it; those that none serves yet are the MLA shapes, by name.
# Usage: tests/e2e/seeds.sh ATTEST SOURCE_DIR
set -uo pipefail
attest=$1 source=$2
log=$("$attest" replay --kernel 'cpu/*' "$source"/corpus/seeds/*.case.json)
code=$?
passed=$(grep -c '^pass ' <<<"$log")
others=$(grep -vE '^pass |^  file +as recorded' <<<"$log")
echo "$passed checks hold, exit $code"
echo "$others"
# Exit 2: something was not run, and that is said.
((code == 2 && passed >= 100)) && [[ $(grep -c 'deepseek-v3-' <<<"$others") -eq $(grep -c . <<<"$others") ]]
