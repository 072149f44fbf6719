#!/bin/bash
# A plug-in whose scale is 5e-6 off for wide heads: inside its bound, so no failure and exit 0, but the run reports a
# suspicion and keeps the case, which replays with it. On the mended kernel it is gone.
# Usage: tests/e2e/suspicious.sh ATTEST SOURCE_DIR
set -euo pipefail
attest=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/include" "$work/none"
cp "$source/kernels/attest_kernel.h" "$work/include"
cp -r "$source/examples/add_a_kernel" "$work/bad-source"
sed -i 's/(float)call->scale/(float)(call->scale * (call->head_dim_qk < 40 ? 1 : 1 + 5e-6))/' "$work/bad-source/naive.c"
! cmp -s "$source/examples/add_a_kernel/naive.c" "$work/bad-source/naive.c" || { echo 'nothing was sabotaged'; exit 1; }
build() {  # build NAME SOURCE_DIR
  cmake -S "$2" -B "$work/$1" -DATTEST_KERNEL_INCLUDE="$work/include" >"$work/$1.log" 2>&1 &&
    cmake --build "$work/$1" >>"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
}
build good "$source/examples/add_a_kernel"
build bad "$work/bad-source"

code=0
(cd "$work" && "$attest" fuzz --kernel "$work/bad/libnaive.so" --property oracle.output --cases 600 \
  --corpus "$work/none" >"$work/log") || code=$?
((code == 0)) || { echo "a suspicion: exit $code instead of 0"; cat "$work/log"; exit 1; }
grep -q '^suspicious  example/naive_f32  oracle.output$' "$work/log" || { echo 'no suspicion'; cat "$work/log"; exit 1; }
grep -q '^example/naive_f32 .*holds, 1 suspicious' "$work/log" || { echo 'not in the table'; cat "$work/log"; exit 1; }
case_file=$(find "$work/none/suspicious" -name '*.case.json')
[[ -f $case_file ]] || { echo 'no case was kept'; exit 1; }

"$attest" replay --kernel "$work/bad/libnaive.so" "$case_file" >"$work/log"
grep -q '^  suspect  o\[.*again in 5 of 5 repetitions$' "$work/log" || { echo 'replay'; cat "$work/log"; exit 1; }
"$attest" show --kernel "$work/bad/libnaive.so" "$case_file" >"$work/log"
grep -q '^suspect ' "$work/log" || { echo 'show'; cat "$work/log"; exit 1; }
"$attest" replay --kernel "$work/good/libnaive.so" "$case_file" >"$work/log"
! grep -q suspect "$work/log" || { echo 'the mended kernel is suspected, too'; cat "$work/log"; exit 1; }
