#!/bin/bash
# A Slurm array on this machine runs the parts of a campaign with examples/ci/slurm.sbatch; merged they are what one
# undivided run leaves. Slurm is a private one: daemons and configuration of its own, gone at the end.
# Exit code 77, with a reason, where there is no Slurm or no root. Usage: tests/e2e/slurm.sh ATTEST SOURCE_DIR
set -euo pipefail
attest=$(readlink -f "$1") source=$(readlink -f "$2")
skip() { echo "SKIPPED: $*"; exit 77; }
for program in slurmctld slurmd sbatch sinfo; do
  type "$program" &>/dev/null || skip "no $program here; apt-get install slurm-wlm brings it"
done
((EUID == 0)) || skip 'slurmd without munge needs root'

work=$(mktemp -d)
daemons=()
finish() {
  ((${#daemons[@]} == 0)) || kill "${daemons[@]}" 2>/dev/null || true
  wait
  rm -rf "$work"
}
trap finish EXIT
mkdir "$work"/{state,spool,none,runs}
node=$(hostname -s)
port=$((20000 + $$ % 10000))
cat >"$work/slurm.conf" <<CONF
ClusterName=attest
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
slurmctld -D -f "$SLURM_CONF" &>"$work/slurmctld.out" & daemons+=($!)
slurmd -D -f "$SLURM_CONF" -N "$node" &>"$work/slurmd.out" & daemons+=($!)
for ((i = 0; i < 120; ++i)); do
  if sinfo -h -o %T 2>/dev/null | grep -q idle; then break; fi
  sleep 0.5
done
((i < 120)) || { echo 'Slurm does not start'; tail -n 20 "$work"/slurm*.log "$work"/*.out; exit 1; }

# A correct kernel, and a wrong one whose first failure every part has to find for itself.
export ATTEST=$attest ATTEST_RUNS=$work/runs
export ATTEST_ARGS="--cases 60 --seed 4 --record all --max-shrinks 0 --corpus $work/none --property oracle --kernel cpu/dense_f32
 --kernel planted/page_floor_drops_tail"
ATTEST_ARGS=${ATTEST_ARGS//$'\n'/}
cd "$work"
# Indices that begin at 2 and are 3 apart: parts are told by their place in the array.
sbatch --wait --array=2-8:3 --cpus-per-task=1 --output="$work/task-%a.log" "$source/examples/ci/slurm.sbatch" ||
  { echo 'the array failed'; cat "$work"/task-*.log; tail -n 20 "$work/slurmctld.log"; exit 1; }
for index in 2 5 8; do
  [[ -s runs/$index/run.json ]] || { echo "task $index left no run"; cat "task-$index.log"; exit 1; }
done

exits() {  # exits CODE COMMAND...
  local code=0
  "${@:2}" >log 2>&1 || code=$?
  ((code == $1)) || { echo "exit $code, not $1: ${*:2}"; cat log; exit 1; }
}
# shellcheck disable=SC2086  # one word per argument
exits 1 "$attest" fuzz $ATTEST_ARGS --shard off --out undivided
exits 1 "$attest" merge runs/2 runs/5 runs/8 --out merged
cmp undivided/cases.jsonl merged/cases.jsonl
pairs() { sed -n '/^ "pairs": \[/,/^ \]/p' "$1/run.json"; }
[[ -n $(pairs undivided) ]]
diff <(pairs undivided) <(pairs merged)
for file in $(cd undivided && find failures -name '*.case.json'); do cmp "undivided/$file" "merged/$file"; done

# Without one of them the merge says so, and is no success.
exits 1 "$attest" merge runs/2 runs/8 --out part
grep -q 'missing: part 2/3' log || { echo 'the missing part is not named'; cat log; exit 1; }
echo "3 tasks of a Slurm array: the same $(wc -l <merged/cases.jsonl) cases as one run"
