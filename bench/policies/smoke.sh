#!/bin/bash
# bench_policies in small, with a fixed seed: what is loud is killed by published checks, what they cannot see is not,
# and a wrong name is refused. Usage: bench/policies/smoke.sh BENCH_POLICIES
set -euo pipefail
bench=$1
out=$("$bench" --for 20 --cases 2 --no-correct --matrix --seed 1 --check flashinfer-decode --check llama.cpp \
  --bug planted/short_kv_tile_unmasked --bug planted/self_not_attended --bug planted/negative_slot_wraps)
says() { grep -qE "$1" <<<"$out" || { echo "no '$1' in"; echo "$out"; exit 1; }; }
says '^\| flashinfer-decode \|.*\| 2 \| 1 \| 1 \| 50 % \| 33 % \| 0 \|$'
says '^\| `self_not_attended` \| killed \|'
says '^\| `negative_slot_wraps` \|'
code=0
"$bench" --check no-such-check >/dev/null 2>&1 || code=$?
((code == 64)) || { echo "exit $code for an unknown check"; exit 1; }
