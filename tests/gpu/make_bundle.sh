#!/bin/bash
# Makes one folder that runs run_all.sh on a machine with a GPU and its driver: programs that need
# nothing but glibc (preset gpu-static: sm_90 code and PTX), the corpus and run_all.sh. Carry it there
# and call DIR/run_all.sh.
#
# Usage: make_bundle.sh [DIR]                  builds preset gpu-static first (default: build/gpu-bundle)
#        make_bundle.sh --pack BUILD DIR       packs what was built in BUILD
# DIR must not exist. Exit codes: 0, 64 usage, 70 it could not be made, and then DIR is not there.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
limit=$((64 << 20))  # bytes
# From glibc; the driver (libcuda.so.1) is loaded by name at run time.
allowed='libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 ld-linux-x86-64.so.2'
programs=(cli/attest bench/bench_campaign_speed bench/gpu/bench_gpu
  tests/gpu/gpu_arithmetic_test tests/gpu/gpu_device_test tests/gpu/wrong_on_device.so)

say() { printf 'make_bundle: %s\n' "$*" >&2; }
fail() { say "${@:2}"; exit "$1"; }

build() {
  export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
  cd "$root"
  cmake --preset gpu-static >&2
  cmake --build --preset gpu-static >&2
}

# Says which library a program needs beyond those of glibc.
needs_more() {
  local file=$1 library
  readelf -h "$file" &>/dev/null || return 0
  while read -r library; do
    [[ " $allowed " == *" $library "* ]] || echo "$(basename "$file") needs $library"
  done < <(readelf -d "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p')
}

about() {
  local commit
  commit=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
  [[ -z $(git -C "$root" status --porcelain 2>/dev/null) ]] || commit+=' and changes'
  echo "commit $commit"
  echo "made $(date -u +'%Y-%m-%d %H:%M UTC')"
  echo "compilers $(c++ --version | head -n 1); $(nvcc --version 2>/dev/null | grep release || echo 'no nvcc')"
  echo "glibc $(newest_glibc "$1"/attest) or newer"
}

newest_glibc() {
  { objdump -T "$1" 2>/dev/null || true; } | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -n 1 |
    sed 's/GLIBC_//'
}

pack() {
  local build=$1 dir=$2 program more size
  for program in "${programs[@]}"; do
    [[ -f $build/$program ]] || fail 70 "no $build/$program: was it built, and with a CUDA compiler?"
  done
  mkdir -p "$(dirname "$dir")"
  staged=$(mktemp -d "$dir.XXXXXX")
  trap 'rm -rf "$staged"' EXIT
  chmod 755 "$staged"
  for program in "${programs[@]}"; do
    cp "$build/$program" "$staged/"
    strip --strip-debug "$staged/$(basename "$program")" 2>/dev/null || true  # names stay, for stacks
  done
  cp "$root/tests/gpu/run_all.sh" "$root/bench/gpu/torch_sdpa.py" "$staged/"
  mkdir "$staged/corpus"
  cp -r "$root/corpus/seeds" "$root/corpus/regressions" "$staged/corpus/"
  about "$staged" >"$staged/BUNDLE"

  more=$(for program in "${programs[@]}"; do needs_more "$staged/$(basename "$program")"; done)
  [[ -z $more ]] || fail 70 "not self-contained: ${more//$'\n'/, }"
  size=$(find "$staged" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
  ((size < limit)) || fail 70 "$((size >> 20)) MiB, more than $((limit >> 20))"
  mv -T "$staged" "$dir"
  trap - EXIT
  echo "$dir: $((size >> 10)) KiB in $(find "$dir" -type f | wc -l) files; there: ./run_all.sh OUT"
}

case ${1:-} in
  --pack)
    (($# == 3)) || fail 64 "usage: make_bundle.sh --pack BUILD DIR"
    built=$2 dir=$3
    ;;
  -*) fail 64 "usage: make_bundle.sh [DIR], or make_bundle.sh --pack BUILD DIR" ;;
  *)
    (($# <= 1)) || fail 64 "usage: make_bundle.sh [DIR]"
    built=$root/build/gpu-static dir=${1:-$root/build/gpu-bundle}
    ;;
esac
dir=$(realpath -m -- "$dir")
[[ ! -e $dir ]] || fail 64 "$dir is there already"
[[ ${1:-} == --pack ]] || build || fail 70 "the build is broken: see above"
pack "$built" "$dir"
