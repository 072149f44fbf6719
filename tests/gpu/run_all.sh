#!/bin/bash
# Everything that takes a GPU, in one call of under 10 minutes: CUDA tests, benchmarks, the corpus and
# a campaign on every cuda/* kernel, compute-sanitizer. From a bundle (make_bundle.sh) or a build tree.
#
# Usage: run_all.sh [OUT]         OUT: where results go, 8 files (default: $OUT, else ./gpu-results)
#   ATTEST_BUILD=DIR              the build tree, where this is no bundle (default: build/release)
#   ATTEST_GPU_SECONDS=N          time for everything (default 570)
#   COMPUTE_SANITIZER=FILE        default: in PATH, CUDA_HOME or /usr/local/cuda*
# Last line: `N passed, N failed`. Exit codes: 0 all passed, 1 not, 4 there is no device, 64 usage.
set -uo pipefail
exec </dev/null
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
budget=${ATTEST_GPU_SECONDS:-570}
sanitizer_time=200 passed=0 failed=0

say() { printf 'run_all: %s\n' "$*" >&2; }
fail() { say "${@:2}"; exit "$1"; }
(($# <= 1)) && [[ ${1:-} != -* ]] || fail 64 "usage: run_all.sh [OUT]"
[[ $budget =~ ^[1-9][0-9]{0,4}$ ]] || fail 64 "ATTEST_GPU_SECONDS=$budget: must be a number of seconds"

# ---- Programs ----
if [[ -f $here/BUNDLE ]]; then
  bin=$here corpus=$here/corpus
  attest=$bin/attest bench=$bin/bench_gpu speed=$bin/bench_campaign_speed
  torch=$bin/torch_sdpa.py tests=$bin
else
  root=$(cd "$here/../.." && pwd)
  bin=${ATTEST_BUILD:-$root/build/release} corpus=$root/corpus
  attest=$bin/cli/attest bench=$bin/bench/gpu/bench_gpu tests=$bin/tests/gpu
  speed=$bin/bench/bench_campaign_speed
  torch=$root/bench/gpu/torch_sdpa.py
fi
[[ -x $attest ]] || fail 64 "no $attest: build first, or name the build tree in ATTEST_BUILD"
cpu_road="on the CPU: attest fuzz --kernel 'simt/*'"
[[ -x $bench ]] ||
  fail 4 "no CUDA device can be used: this attest was built without CUDA; $cpu_road"
what=$("$bench" --device 2>&1)
case $? in
  0) ;;
  4) fail 4 "$what; $cpu_road" ;;
  *) fail 1 "$bench --device: $what" ;;
esac

out=${1:-${OUT:-gpu-results}}
mkdir -p "$out" && out=$(cd "$out" && pwd) || fail 64 "cannot write to $out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/failures"
cd "$work" || fail 70 "no temporary folder"
rm -f "$out"/{summary,device,tests,replay,fuzz,sanitizer}.txt "$out"/{bench.md,failures.tar.gz}

# ---- Stages ----
left() { echo $((budget - SECONDS)); }

# note VERDICT NAME [MORE]: a line of the summary; pass and FAIL count.
note() {
  printf '%-8s %s%s\n' "$1" "$2" "${3:+ ($3)}" | tee -a "$out/summary.txt"
  case $1 in
    pass) ((passed += 1)) ;;
    FAIL) ((failed += 1)) ;;
  esac
}

# run NAME SECONDS LOG COMMAND...: its exit code; 124 when it took longer, or no time is left.
run() {
  local limit=$2 log=$3
  (($(left) >= limit)) || limit=$(left)
  printf '\n== %s: %s\n' "$1" "${*:4}" >>"$log"
  ((limit > 0)) || { echo "no time left" >>"$log"; return 124; }
  timeout --kill-after=10 "$limit" "${@:4}" >>"$log" 2>&1
}

# judge NAME CODE LOG START: what run() of that name, begun at START, ended with.
judge() {
  case $2 in
    0) note pass "$1" "$((SECONDS - $4)) s" ;;
    124 | 137) note FAIL "$1" "not done after $((SECONDS - $4)) s" ;;
    *) note FAIL "$1" "exit $2, see $(basename "$3")" ;;
  esac
}

# try NAME SECONDS LOG COMMAND...: run(), judged.
try() {
  local start=$SECONDS code
  run "$@"
  code=$?
  judge "$1" "$code" "$3" "$start"
}

device_info() {
  echo "$what"
  "$attest" --version
  [[ ! -f $here/BUNDLE ]] || cat "$here/BUNDLE"
  date -u +'%Y-%m-%d %H:%M UTC'
  uname -srm
  grep -m 1 'model name' /proc/cpuinfo
  echo "$(nproc) CPUs"
  command -v nvcc >/dev/null && nvcc --version | grep release
  command -v nvidia-smi >/dev/null &&
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,power.limit,mig.mode.current,ecc.mode.current,persistence_mode --format=csv
  return 0
}

# tests_stage PROGRAM: each of its tests counts.
tests_stage() {
  local log=$work/$1.log code good bad
  run "$1" 90 "$log" "$tests/$1" --gtest_color=no
  code=$?
  cat "$log" >>"$out/tests.txt"
  good=$(grep -c '^\[       OK \]' "$log")
  bad=$(grep -cE '^\[  FAILED  \] .*\([0-9]+ ms\)$' "$log")
  ((passed += good, failed += bad))
  if ((code == 0 && good > 0)); then
    note pass "$1" "$good tests"
  else
    note FAIL "$1" "$good of $((good + bad)) tests passed, exit $code, see tests.txt"
  fi
}

# Checks per second of a campaign, by lanes: as it runs where CUDA's multi-process service can be
# started, and without.
speed_stage() {
  echo $'\nA campaign with the multi-process service, if it is here, then without it\n\n```' >>"$out/bench.md"
  try speed 60 "$work/speed.log" "$speed" 4 cuda
  try "speed without MPS" 60 "$work/speed.log" env ATTEST_MPS=0 "$speed" 4 cuda
  { cat "$work/speed.log"; echo '```'; } >>"$out/bench.md"
}

# As fuzz does without --kernel, but one after the other: a process of a kernel has a context of its
# own on the device, which takes longer to make than a hundred checks. So do the multi-process
# service's begin and end, which are left some seconds.
fuzz_stage() {
  local kernels each
  mapfile -t kernels < <("$attest" list --kernel 'cuda/*' | sed -nE 's#^(cuda/[^ ]+) .*#\1#p')
  ((${#kernels[@]} > 0)) || { note FAIL fuzz "attest list names no cuda/* kernel"; return; }
  each=$((($(left) - sanitizer_time) / ${#kernels[@]} - 6))
  ((each >= 2)) || each=2
  ((each <= 15)) || each=15
  for kernel in "${kernels[@]}"; do
    try "fuzz $kernel" $((each + 25)) "$out/fuzz.txt" "$attest" fuzz --kernel "$kernel" \
      --for "${each}s" --max-shrinks 1 --corpus "$work/failures"
    # What it found is no case to replay on the next kernel.
    mkdir -p "$work/found"
    find "$work/failures" -name '*.case.json' -exec mv -t "$work/found" {} +
  done
}

# PyTorch on the calls of bench_gpu, in the same file. Not every machine has it.
torch_stage() {
  local log=$work/torch.log code
  run torch 90 "$log" python3 "$torch"
  code=$?
  case $code in
    0) note pass torch ;;
    4 | 127) note absent torch "$(tail -n 1 "$log")" ;;
    *) note FAIL torch "exit $code, see bench.md" ;;
  esac
  cat "$log" >>"$out/bench.md"
}

find_sanitizer() {
  local candidate
  for candidate in "${COMPUTE_SANITIZER:-}" "$(command -v compute-sanitizer)" \
    "${CUDA_HOME:-}/bin/compute-sanitizer" /usr/local/cuda*/bin/compute-sanitizer; do
    [[ ! -x $candidate ]] || { echo "$candidate"; return; }
  done
  return 1
}

# sanitize TOOL: all tools at once, each with a log of its own. In one process: the sanitizer follows
# no fork. A few drawn cases beside the corpus, whose shapes not every kernel serves. Each buffer has
# an allocation of its own, so that reads outside of it are seen.
sanitize() {
  local log=$work/$1.log
  export ATTEST_GPU_APART=1
  local guard=("$sanitizer" --tool "$1" --error-exitcode 86 --print-limit 20)
  {
    timeout --kill-after=10 $((sanitizer_time * 2 / 3)) "${guard[@]}" "$attest" replay --in-process \
      --kernel 'cuda/*' "$corpus/regressions" "$corpus/seeds"
    echo "exit $?"
    timeout --kill-after=10 $((sanitizer_time / 3)) "${guard[@]}" "$attest" fuzz --in-process \
      --kernel 'cuda/*' --property 'oracle' --cases 4
    echo "exit $?"
  } >"$log" 2>&1
}

# judge_sanitizer TOOL: what its log says. A tool that refuses the device is no failure of ours.
judge_sanitizer() {
  local log=$work/$1.log summaries dirty why
  why=$(grep -m 1 -iE '^=+ .*(not supported|unsupported|unable to|permission|denied)' "$log")
  if [[ -n $why ]]; then
    note refused "sanitizer $1" "$(sed -E 's/^=+ //' <<<"$why")"
    return
  fi
  summaries=$(grep -cE '^=+ .*SUMMARY:' "$log")
  dirty=$(grep -E '^=+ .*SUMMARY:' "$log" | grep -vcE 'SUMMARY: 0 ')
  if ((dirty > 0)) || grep -q '^exit 86$' "$log"; then
    if [[ $1 == racecheck ]]; then
      note advice "sanitizer $1" "hazards, see sanitizer.txt; of cp.async it knows too little"
    else
      note FAIL "sanitizer $1" "see sanitizer.txt"
    fi
  elif ((summaries == 2)) && [[ $(grep -cE '^exit [02]$' "$log") == 2 ]]; then
    note pass "sanitizer $1"
  elif grep -qE '^exit (124|137)$' "$log"; then
    note undone "sanitizer $1" "not done after $sanitizer_time s"
  elif ((summaries == 0)); then
    note refused "sanitizer $1" "$(grep -m 1 . "$log")"
  else
    note FAIL "sanitizer $1" "$(grep -m 1 '^exit [^02]' "$log"), see sanitizer.txt"
  fi
}

sanitizer_stage() {
  sanitizer=$(find_sanitizer) || {
    note absent sanitizer "no compute-sanitizer here; name it in COMPUTE_SANITIZER"
    return
  }
  ((sanitizer_time <= $(left))) || sanitizer_time=$(left)
  ((sanitizer_time > 10)) || { note undone sanitizer "no time left"; return; }
  local tool tools=(memcheck initcheck synccheck racecheck)
  local pids=()
  for tool in "${tools[@]}"; do
    sanitize "$tool" &
    pids+=($!)
  done
  wait "${pids[@]}"
  for tool in "${tools[@]}"; do
    judge_sanitizer "$tool"
    { echo "== $tool"; head -c 2000000 "$work/$tool.log"; } >>"$out/sanitizer.txt"
  done
}

device_info >"$out/device.txt" 2>&1
echo "$what" | head -n 1 | tee "$out/summary.txt"
tests_stage gpu_device_test
tests_stage gpu_arithmetic_test
try bench 90 "$work/bench.log" "$bench" --out "$out/bench.md"
[[ -s $out/bench.md ]] || cp "$work/bench.log" "$out/bench.md"
torch_stage
speed_stage
fuzz_stage
# Most of a replay is the making of contexts, for which the device has time beside the sanitizer.
start=$SECONDS
run corpus 150 "$out/replay.txt" "$attest" replay --kernel 'cuda/*' "$corpus/regressions" "$corpus/seeds" &
replay=$!
sanitizer_stage
wait "$replay"
judge corpus $? "$out/replay.txt" "$start"
[[ -z $(ls -A "$work/found" 2>/dev/null) ]] || tar -C "$work" -czf "$out/failures.tar.gz" found
echo "$passed passed, $failed failed" | tee -a "$out/summary.txt"
((failed == 0 && passed > 0))
