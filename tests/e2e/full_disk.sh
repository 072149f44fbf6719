#!/bin/bash
# A disk that is full, from the start or on the way, a run folder or a corpus that cannot be written: one clear line,
# exit code 70, and nothing corrupted. A run that was ended by a full disk goes on once there is room.
# Usage: tests/e2e/full_disk.sh ATTEST     (as root, or where user namespaces may mount)
set -uo pipefail
attest=$(readlink -f "$1")
if [[ -z ${ATTEST_OWN_MOUNTS:-} ]]; then
  # Mounts of this test's own, which go away with it. Who is not root may have them as a user of a
  # name space, which not every machine allows.
  own=(--mount)
  ((EUID == 0)) || own+=(--map-root-user)
  unshare "${own[@]}" true || { echo 'SKIPPED: no mounts of its own here'; exit 77; }
  ATTEST_OWN_MOUNTS=1 exec unshare "${own[@]}" "$0" "$attest"
fi
work=$(mktemp -d)
trap 'cd /; umount -R "$work" 2>/dev/null; rm -rf "$work"' EXIT
mount -t tmpfs -o size=64m none "$work" || { echo 'cannot mount: no test'; exit 1; }
cd "$work" || exit 1
mkdir none disk
bad=0
# refused NAME PATTERN ARG...: exit 70, and one line on stderr that matches
refused() {
  local code=0
  "$attest" "${@:3}" >out 2>err || code=$?
  ((code == 70)) || { echo "$1: exit $code, not 70"; cat err; bad=1; }
  [[ $(wc -l <err) = 1 ]] && grep -qE "$2" err || { echo "$1: stderr is"; cat err; bad=1; }
}
fuzz=(fuzz --kernel cpu/dense_f32 --kernel planted/self_not_attended --cases 40 --record all --corpus none)

mount -t tmpfs -o size=16k none disk
refused 'no room at all' '^attest: disk/run/.*: (cannot write: )?No space left' "${fuzz[@]}" --out disk/run
[[ ! -f disk/run/cases.jsonl ]] || { echo 'no room at all: there is a cases.jsonl'; bad=1; }
umount disk

mount -t tmpfs -o size=1m none disk
refused 'full on the way' '^attest: .*No space left' "${fuzz[@]}" --out disk/run
[[ ! -f disk/run/cases.jsonl ]] || { echo 'full on the way: half a cases.jsonl'; bad=1; }
grep -q '"attest_run": 1' disk/run/run.json && [[ $(tail -c 2 disk/run/run.json) = '}' ]] ||
  { echo 'full on the way: run.json is not whole'; bad=1; }
mount -t tmpfs -o remount,size=64m none disk  # (with all it says: else mount adds options that a name space refuses)
code=0
"$attest" fuzz --resume disk/run >out 2>err || code=$?
((code == 1)) || { echo "room again: exit $code, not 1"; cat err; bad=1; }
grep -q '"state": "done"' disk/run/run.json || { echo 'room again: not done'; bad=1; }
"$attest" "${fuzz[@]}" --out whole >/dev/null 2>&1
cmp disk/run/cases.jsonl whole/cases.jsonl || bad=1
diff -r disk/run/failures whole/failures || bad=1
umount disk

mount -t tmpfs -o size=1m,ro none disk
refused 'run folder on a read-only disk' '^attest: disk/run.*Read-only' "${fuzz[@]}" --out disk/run
refused 'corpus on a read-only disk' '^attest: .*disk.*Read-only' "${fuzz[@]:0:${#fuzz[@]}-1}" disk
grep -q '^FAIL ' out && grep -q 'not saved: ' out || { echo 'corpus on a read-only disk: no report'; bad=1; }
((bad == 0)) && echo 'full and read-only disks: one line, exit 70, nothing corrupted'
exit $bad
