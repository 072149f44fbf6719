#!/bin/bash
# run_all.sh and make_bundle.sh as far as they can be tested without a GPU: one line and exit code 4
# where there is no device; what a bundle holds, and what is refused.
# Usage: scripts_test.sh BUILD
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
bad=0
complain() { echo "FAILED: $*"; bad=1; }

# expect CODE PATTERN COMMAND...: that exit code, one line of stderr that matches, nothing on stdout.
expect() {
  "${@:3}" >stdout 2>stderr </dev/null
  local code=$?
  ((code == $1)) || complain "exit $code, not $1: ${*:3}: $(head -c 500 stderr)"
  (($(wc -l <stderr) == 1)) || complain "not one line: ${*:3}: $(head -c 500 stderr)"
  grep -qE "$2" stderr || complain "no '$2': ${*:3}: $(head -c 500 stderr)"
  [[ ! -s stdout ]] || complain "wrote to stdout: ${*:3}"
}

for script in run_all make_bundle; do
  bash -n "$here/$script.sh" || complain "$script.sh does not parse"
done
run_all=$here/run_all.sh
expect 64 'usage' "$run_all" one two
expect 64 'usage' "$run_all" --help
expect 64 'ATTEST_GPU_SECONDS' env ATTEST_GPU_SECONDS=ten "$run_all"
expect 64 'ATTEST_BUILD' env ATTEST_BUILD="$work/none" "$run_all"

# Without a device: whatever was built here, and nothing is left behind.
export ATTEST_BUILD=$build
if ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
  expect 4 "no CUDA device can be used: .*; on the CPU: attest fuzz --kernel 'simt/" "$run_all" results
  [[ ! -e results ]] || complain "left a folder behind"
fi

# A bundle of programs that are only named like them.
fake=$work/fake
mkdir -p "$fake"/{cli,bench/gpu,tests/gpu}
for program in cli/attest bench/bench_campaign_speed bench/gpu/bench_gpu tests/gpu/gpu_arithmetic_test \
  tests/gpu/gpu_device_test; do
  printf '#!/bin/sh\nexit 0\n' >"$fake/$program"
  chmod +x "$fake/$program"
done
make_bundle=$here/make_bundle.sh
expect 64 'usage' "$make_bundle" --frobnicate
expect 64 'there already' "$make_bundle" --pack "$fake" "$fake"
expect 70 'wrong_on_device.so' "$make_bundle" --pack "$fake" bundle
touch "$fake/tests/gpu/wrong_on_device.so"
"$make_bundle" --pack "$fake" bundle >/dev/null 2>stderr || complain "did not pack: $(<stderr)"
for file in BUNDLE attest bench_gpu bench_campaign_speed torch_sdpa.py gpu_arithmetic_test gpu_device_test wrong_on_device.so run_all.sh \
  corpus/seeds corpus/regressions; do
  [[ -e bundle/$file ]] || complain "no $file in the bundle"
done
(($(find bundle/corpus -name '*.case.json' | wc -l) > 30)) || complain "hardly a case in the bundle"
grep -q '^commit ' bundle/BUNDLE || complain "the bundle does not say its commit"

# The bundle uses its own programs. Without a device they say so, with one that has nothing to say all
# stages run; here the tests print no result, which is a failure.
unset ATTEST_BUILD
printf '#!/bin/sh\necho "no CUDA device can be used: none" >&2\nexit 4\n' >bundle/bench_gpu
expect 4 "no CUDA device can be used: none; on the CPU" bundle/run_all.sh results
printf '#!/bin/sh\necho "Some GPU"\n' >bundle/bench_gpu
cat >bundle/attest <<'END'
#!/bin/sh
case $1 in
  list) echo 'cuda/one  a kernel'; echo '  runs on    a CUDA device'; echo 'cuda/two  another' ;;
  fuzz) case "$*" in *cuda/two*) touch "$(dirname "$0")/two"; exit 1 ;; esac ;;
esac
exit 0
END
printf '#!/bin/sh\necho "[       OK ] A.Test (0 ms)"\n' >bundle/gpu_device_test
OUT=results COMPUTE_SANITIZER=/nowhere PATH=/usr/bin:/bin bundle/run_all.sh >log 2>&1
(($? == 1)) || complain "a failing stage is no failure: $(<log)"
[[ $(tail -n 1 log) == '7 passed, 2 failed' ]] || complain "counts: $(<log)"
grep -q '^FAIL *fuzz cuda/two (exit 1' log || complain "the kernel that failed is not named: $(<log)"
(($(find results -type f | wc -l) <= 8)) || complain "more than 8 files: $(ls results)"
[[ -s results/summary.txt && -s results/device.txt ]] || complain "no summary"

# What cannot be carried.
truncate -s 65M "$fake/tests/gpu/wrong_on_device.so"
expect 70 'MiB, more than 64' "$make_bundle" --pack "$fake" large
cp /bin/ls "$fake/tests/gpu/wrong_on_device.so"  # needs libselinux
expect 70 'not self-contained: wrong_on_device.so needs' "$make_bundle" --pack "$fake" needy
[[ -z $(ls -d large* needy* 2>/dev/null) ]] || complain "half a bundle was left behind"
((bad == 0)) && echo "all held"
exit "$bad"
