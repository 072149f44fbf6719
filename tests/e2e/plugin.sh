#!/bin/bash
# The example plug-in builds out of tree with nothing but attest_kernel.h, is fuzzed, and holds; a copy with a wrong
# scale is caught, and its failure replays. Usage: tests/e2e/plugin.sh ATTEST SOURCE_DIR
set -euo pipefail
attest=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include" "$work/none"
cp "$source/kernels/attest_kernel.h" "$work/include"
build() {  # build NAME SOURCE_DIR
  cmake -S "$2" -B "$work/$1" -DATTEST_KERNEL_INCLUDE="$work/include" >"$work/$1.log" 2>&1 &&
    cmake --build "$work/$1" >>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
}
build good "$source/examples/add_a_kernel"
"$attest" list --kernel "$work/good/libnaive.so" | grep -q '^example/naive_f32'
(cd "$work" && "$attest" fuzz --kernel "$work/good/libnaive.so" --cases 60 --corpus "$work/none")

cp -r "$source/examples/add_a_kernel" "$work/bad-source"
sed -i 's/call->scale/(call->scale * 1.02)/' "$work/bad-source/naive.c"
! cmp -s "$source/examples/add_a_kernel/naive.c" "$work/bad-source/naive.c" || { echo 'nothing was sabotaged'; exit 1; }
build bad "$work/bad-source"
code=0
(cd "$work" && "$attest" fuzz --kernel "$work/bad/libnaive.so" --cases 60 --corpus "$work/none" >"$work/log") || code=$?
((code == 1)) || { echo "a scale 2 % off: exit $code instead of 1"; cat "$work/log"; exit 1; }
case_file=$(sed -nE 's/^ +[^ ]*attest replay .*( |^)([^ ]+\.case\.json)$/\2/p' "$work/log" | head -n 1)
[[ -n $case_file ]] || { echo 'no line to replay'; cat "$work/log"; exit 1; }
code=0
"$attest" replay --kernel "$work/bad/libnaive.so" "$case_file" >/dev/null || code=$?
((code == 1)) || { echo "replay: exit $code instead of 1"; exit 1; }
code=0
"$attest" replay --kernel "$work/good/libnaive.so" "$case_file" >/dev/null || code=$?
echo "replay of the counterexample on the mended kernel: exit $code"
((code == 0))

# A library that is deleted during the run, as a rebuild does, ends it early; what was found until then is reported.
cp "$work/bad/libnaive.so" "$work/gone.so"
(sleep 3; rm "$work/gone.so") &
code=0
(cd "$work" && "$attest" fuzz --kernel ./gone.so --for 5s --corpus "$work/none2" >log 2>err) || code=$?
((code == 70)) || { echo "a library that went away: exit $code instead of 70"; cat "$work/err"; exit 1; }
grep -q '^example/naive_f32 .*FAILS' "$work/log" || { echo 'no report'; cat "$work/log"; exit 1; }
