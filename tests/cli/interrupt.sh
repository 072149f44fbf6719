#!/bin/bash
# Ctrl-C ends a campaign early with a report of what was done, and leaves no process behind.
# Usage: interrupt.sh ATTEST
set -uo pipefail
[[ -x ${1:-} ]] || { echo "usage: $0 ATTEST..." >&2; exit 64; }
attest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# A background job of a script ignores SIGINT from birth; SIGTERM is handled the same way.
"$attest" fuzz --for 60s --kernel cpu/dense_f32 --corpus "$work/none" >out 2>err &
pid=$!
sleep 1
children=$(cat "/proc/$pid/task/$pid/children")
kill -TERM $pid
wait $pid
code=$?
((code == 2)) || { echo "exit $code, not 2"; cat err; exit 1; }
grep -q '^interrupted:' out || { echo 'not said to be interrupted'; cat out; exit 1; }
grep -q '^cpu/dense_f32 ' out || { echo 'no table'; cat out; exit 1; }
[[ -n $children ]] || { echo 'no lanes were seen'; exit 1; }
for child in $children; do
  ! kill -0 "$child" 2>/dev/null || { echo "lane $child still lives"; exit 1; }
done

# A signal to the whole process group, as `timeout` and CI send it, reaches the lanes too: they leave it to the
# supervisor, which still reports.
code=0
timeout 2 "$attest" fuzz --for 60s --kernel cpu/dense_f32 --corpus "$work/none" >out 2>err || code=$?
((code == 124)) || { echo "timeout gave exit $code"; cat err; exit 1; }
grep -q '^cpu/dense_f32 ' out || { echo 'no table after a signal to the group'; cat out err; exit 1; }

# Standard output that takes nothing is an error, not a success.
code=0
"$attest" list >/dev/full 2>err || code=$?
((code == 70)) || { echo "list to a full device gave exit $code"; exit 1; }
