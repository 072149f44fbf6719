#!/bin/bash
# Every seed holds on every kernel that serves it. Usage: tests/e2e/seeds.sh ATTEST SOURCE_DIR
set -euo pipefail
attest=$1 source=$2
"$attest" replay --kernel 'cpu/*' "$source"/corpus/seeds/*.case.json
