#!/bin/bash
# Campaigns, one after the other for SECONDS, against a kernel that crashes, hangs, answers wrong and wrecks its heap
# (plugins/endurance.c): each of the four is found, said to be what it is and shrunk, every report is complete, and no
# process, shared memory or file is left. Usage: tests/e2e/endurance.sh SECONDS ATTEST PLUGIN
set -euo pipefail
seconds=$1 attest=$2 plugin=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/none" "$work/tmp"
export TMPDIR=$work/tmp
cp "$plugin" "$work/endurance.so"  # a path of our own: processes that have it mapped are ours
cd "$work"
left_behind() {
  grep -l "$work/endurance.so" /proc/[0-9]*/maps 2>/dev/null || true
  ls /dev/shm
  ls "$work/tmp"
}
before=$(left_behind)
# What each of the four looks like in a report: its class, and what its message says.
declare -A class=([segfault]=crash [hang]=hang [garbage]=value [heap]=crash)
declare -A says=([segfault]='signal 11 .*near address 0' [hang]='no answer within 1.0 s' [garbage]='.'
                 [heap]='signal 6 .*(malloc|free|corrupt|double)')
declare -A found=([segfault]=0 [hang]=0 [garbage]=0 [heap]=0)
declare -A shrunk=([segfault]=0 [hang]=0 [garbage]=0 [heap]=0)
enough() { for kind in "${!class[@]}"; do ((shrunk[$kind] > 0)) || return 1; done; }
seed=0 failures=0
# Until the time is over; a short one goes on until it has seen all four, for two minutes at most.
while ((SECONDS < seconds)) || { ! enough && ((SECONDS < 120)); }; do
  seed=$((seed + 1))
  code=0
  "$attest" fuzz --kernel ./endurance.so --seed "$seed" --for 3s --timeout 1s --max-shrinks 100 \
    --corpus none --jobs 2 >log 2>err || code=$?
  ((code == 1)) || { echo "seed $seed: exit $code instead of 1"; cat log err; exit 1; }
  # A failure is a paragraph: FAIL or FLAKY, then lines that are indented.
  awk '/^(FAIL|FLAKY) /{if (p) print p; p=$0; next} /^  /{if (p) p=p " | " $0; next} {if (p) print p; p=""}
       END{if (p) print p}' log >paragraphs
  reported=$(wc -l <paragraphs)
  ((reported > 0)) || { echo "seed $seed: nothing found"; cat log; exit 1; }
  failures=$((failures + reported))
  for kind in "${!class[@]}"; do
    lines=$(grep -E "\| +class +${class[$kind]}" paragraphs | grep -E "message +.*${says[$kind]}" || true)
    [[ -n $lines ]] || continue
    found[$kind]=$((found[$kind] + $(wc -l <<<"$lines")))
    shrunk[$kind]=$((shrunk[$kind] + $(grep -cE '\| +shrunk +to ' <<<"$lines" || true)))
  done
  rm -rf none attest-failures
  mkdir none
done
after=$(left_behind)
[[ $before == "$after" ]] || { echo 'left behind:'; diff <(echo "$before") <(echo "$after"); exit 1; }
for kind in segfault hang garbage heap; do
  echo "$kind: found ${found[$kind]} times, shrunk ${shrunk[$kind]} times"
  ((shrunk[$kind] > 0)) || { echo "$kind was not found and shrunk"; exit 1; }
done
echo "$seed campaigns, $failures failures in $SECONDS s; nothing left behind"
