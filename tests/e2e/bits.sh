#!/bin/bash
# References and bounds are the same bits under g++ and clang, -O0, -O2 and -O3, and on every
# instruction set this machine has.
# Usage: tests/e2e/bits.sh [BUILD [COMPILER-LEVEL...]]
# BUILD: a directory CMake has configured; default: build/ci. Then, to do less, some of
# g++-O0 g++-O2 g++-O3 clang++-O0 clang++-O2 clang++-O3.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "${1:-$root/build/ci}")
builds=("${@:2}")
((${#builds[@]})) || builds=({g++,clang++}-O{0,2,3})
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"
# A change of the bounds or of the engine changes it, together with kBoundsVersion or kEngineVersion.
golden=3b83020492625fe9
flags=(-std=c++20 -ffp-contract=off)
for folder in oracle problem tests; do flags+=("-I$build/include/$folder"); done
launcher=$(command -v ccache || true)

# compile COMPILER LEVEL FILE: into $work/COMPILER-LEVEL
compile() {
  local extra=()
  case $3 in
    *_avx2.cc) extra=(-mavx2 -mfma) ;;
    *_avx512.cc) extra=(-mpopcnt -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma) ;;
    oracle/simd/engine.cc | oracle/simd/bound_pass.cc) [[ $(uname -m) != x86_64 ]] || extra=(-DATTEST_SIMD_X86) ;;
  esac
  $launcher "$1" "${flags[@]}" "$2" "${extra[@]}" -c "$3" -o "$work/$1$2/$(tr / _ <<<"${3%.cc}").o"
}
export -f compile
export work launcher
flags_text=$(declare -p flags)
export flags_text

# What is exact whatever the compiler does is compiled once: the vocabulary and the definition.
shared=(problem/*.cc oracle/definition*.cc oracle/refine.cc oracle/logical_tensors.cc)
varied=()
for file in oracle/*.cc oracle/simd/*.cc tests/oracle/random_case.cc tests/oracle/bits_main.cc; do
  case $file in
    oracle/definition* | oracle/refine.cc | oracle/logical_tensors.cc | oracle/gradient* | oracle/state*) ;;
    *_avx*.cc) [[ $(uname -m) != x86_64 ]] || varied+=("$file") ;;
    *) varied+=("$file") ;;
  esac
done
jobs=()
mkdir "$work/g++-O1"
for file in "${shared[@]}"; do jobs+=("g++ -O1 $file"); done
for one in "${builds[@]}"; do
  mkdir "$work/$one"
  for file in "${varied[@]}"; do jobs+=("${one%-*} -${one##*-} $file"); done
done
printf '%s\n' "${jobs[@]}" | xargs -P "$(nproc)" -L 1 bash -c 'eval "$flags_text"; compile "$@"' _

for one in "${builds[@]}"; do
  "${one%-*}" "$work/$one"/*.o "$work/g++-O1"/*.o -lmpfr -lgmp -lxxhash -lfmt -o "$work/bits"
  for engine in avx512 avx2 portable; do
    rc=0
    line=$(ATTEST_SIMD=$engine "$work/bits") || rc=$?
    if ((rc == 3)); then echo "$one $engine: not on this machine"; continue; fi
    ((rc == 0)) || { echo "$one $engine: exit $rc"; exit 1; }
    echo "$one $line"
    echo "${line#* }" >>"$work/hashes"
  done
done
[[ $(sort -u "$work/hashes") == "$golden" ]] || { echo "not $golden everywhere"; exit 1; }
