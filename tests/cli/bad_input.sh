#!/bin/bash
# Bad input gets its exit code, exactly one line on stderr, nothing on stdout, and writes nothing.
# Usage: bad_input.sh ATTEST PLUGIN_DIR     (PLUGIN_DIR: the unusable plug-ins of tests/kernels)
set -uo pipefail
[[ -x ${1:-} ]] || { echo "usage: $0 ATTEST..." >&2; exit 64; }
attest=$1 plugins=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/here" "$work/input"
cd "$work/here"
in=$work/input

bad=0
complain() { echo "FAILED: $*"; bad=1; }

# refused CODE PATTERN ARG...
refused() {
  local want=$1 pattern=$2 code
  timeout 60 "$attest" "${@:3}" >../stdout 2>../stderr </dev/null
  code=$?
  ((code == want)) || complain "exit $code, not $want: attest ${*:3}: $(head -c 300 ../stderr)"
  (($(wc -l <../stderr) == 1)) || complain "not one line: attest ${*:3}: $(head -n 5 ../stderr)"
  grep -qE "^attest: .*$pattern" ../stderr || complain "no '$pattern': attest ${*:3}: $(<../stderr)"
  [[ ! -s ../stdout ]] || complain "wrote to stdout: attest ${*:3}"
  [[ -z $(ls -A) ]] || { complain "left files: attest ${*:3}: $(ls -A)"; rm -rf -- ./* .[!.]*; }
}

# ---- Arguments: 64 ----
refused 64 'subcommand'
refused 64 'frobnicate' frobnicate
refused 64 'bogus' fuzz --bogus
refused 64 '--for' fuzz --for 10x
refused 64 '--for' fuzz --for 0
refused 64 '--for' fuzz --for -5s
refused 64 '--for' fuzz --for 1e3s
refused 64 '--for' fuzz --for 99999999999999999999h
refused 64 '--cases' fuzz --cases 0
refused 64 '--cases' fuzz --cases -2
refused 64 '--cases' fuzz --cases 1.5
refused 64 '--cases' fuzz --cases ' 5'
refused 64 '--seed' fuzz --seed abc
refused 64 '--seed' fuzz --seed ''
refused 64 '--for' fuzz --for ''
refused 64 '--cases' fuzz --cases ''
refused 64 '--seed' fuzz --seed 0x
refused 64 '--seed' fuzz --seed 18446744073709551616
refused 64 '--jobs' fuzz --jobs 0
refused 64 '--jobs' fuzz --jobs 100000
refused 64 '--timeout' fuzz --timeout never
refused 64 '--shard.*K from 1 to N' fuzz --shard 0/8
refused 64 '--shard.*K from 1 to N' fuzz --shard 9/8
refused 64 '--property.*no.such' fuzz --property no.such
refused 64 'no/such' fuzz --kernel no/such
refused 64 'CASE' replay
refused 64 '--kernel' fuzz --kernel
refused 64 'frobnicate.*fuzz, compare' frobnicate
refused 64 'frobnicate.*check, merge, prune' corpus frobnicate
refused 64 'subcommand' corpus
refused 64 'PATH' corpus merge "$in"
refused 64 '--out' merge "$in"
refused 64 'RUN' merge --out new
printf 'x' >"$in/file"
refused 64 '--out.*not a folder' fuzz --cases 1 --out "$in/file"
refused 64 '--corpus.*not a folder' fuzz --cases 1 --corpus "$in/file"
refused 4 'nothing to do' fuzz --cases 1 --kernel cpu/append_f32 --property monoid

# ---- Plug-ins: 64 ----
refused 64 'absent.so' list --kernel "$in/absent.so"
printf 'not an ELF file\n' >"$in/text.so"
refused 64 'text.so' list --kernel "$in/text.so"
: >"$in/empty.so"
refused 64 'empty.so' list --kernel "$in/empty.so"
mkdir "$in/folder.so"
refused 64 'folder.so' list --kernel "$in/folder.so"
for reason in no_symbol other_abi no_kernels zero_heads negative_head_dim no_function bad_name crash_when_asked; do
  refused 64 "$reason" fuzz --cases 1 --kernel "$plugins/$reason.so"
done

# ---- Case files: 3 ----
cat >"$in/good.case.json" <<'CASE'
{
  "format": 1,
  "property": "oracle.output",
  "kernel": "cpu/paged_decode_f32",
  "problem": {
    "sequences": [{"q_len": 1, "kv_len": 3}],
    "num_q_heads": 1, "num_kv_heads": 1, "head_dim_qk": 1, "head_dim_v": 1,
    "scale": {"bits": "f64:3ff0000000000000", "value": 1},
    "mask": {"causal": true}
  },
  "values": {"version": 1, "distribution": "lattice", "seed": "0x1"},
  "storage": {"layout": "paged_nhd", "page_size": 2, "num_pages": 4, "block_table": [[3, 1]]}
}
CASE
"$attest" replay "$in/good.case.json" >../stdout 2>../stderr || complain "the good case is refused: $(<../stderr)"

# broken NAME PATTERN SED_SCRIPT    the good case with one thing changed
broken() {
  sed -E "$3" "$in/good.case.json" >"$in/$1.case.json"
  ! cmp -s "$in/good.case.json" "$in/$1.case.json" || complain "$1: nothing was changed"
  for verb in replay show shrink; do refused 3 "$1.case.json.*$2" $verb "$in/$1.case.json"; done
}
broken syntax 'line' 's/"format": 1,/"format" 1,/'
broken wrong_type 'kv_len' 's/"kv_len": 3/"kv_len": "3"/'
broken nan_length 'kv_len' 's/"kv_len": 3/"kv_len": "nan"/'
broken bare_nan 'line' 's/"kv_len": 3/"kv_len": NaN/'
broken negative 'kv_len' 's/"kv_len": 3/"kv_len": -2/'
broken fraction 'kv_len' 's/"kv_len": 3/"kv_len": 1.5/'
broken huge 'kv_len' 's/"kv_len": 3/"kv_len": 1000000000000/'
broken overflow 'kv_len' 's/"kv_len": 3/"kv_len": 1e300/'
broken duplicate 'format' 's/"format": 1,/"format": 1, "format": 1,/'
broken unknown_key 'colour' 's/"format": 1,/"format": 1, "colour": 2,/'
broken outside_pool 'block' 's/\[\[3, 1\]\]/[[4, 1]]/'
broken negative_page 'block' 's/\[\[3, 1\]\]/[[-1, 1]]/'
broken short_table 'block' 's/\[\[3, 1\]\]/[[3]]/'
broken other_format 'format' 's/"format": 1,/"format": 99,/'
broken unknown_property 'property' 's/oracle.output/oracle.outpost/'
broken overlap 'part' 's/^\}$/, "plan": {"parts": [[[0, 2]], [[1, 3]]]}}/'
broken terabytes '' 's/"head_dim_qk": 1, "head_dim_v": 1/"head_dim_qk": 4096, "head_dim_v": 4096/; s/"kv_len": 3/"kv_len": 1048576/'
broken path_inside '' 's/"format": 1,/"format": 1, "include": "\/etc\/passwd",/'
broken no_heads 'num_kv_heads' 's/"num_kv_heads": 1/"num_kv_heads": 0/'
broken group 'num_q_heads' 's/"num_q_heads": 1, "num_kv_heads": 1/"num_q_heads": 3, "num_kv_heads": 2/'

refused 3 'absent' replay "$in/absent.case.json"
mkdir "$in/folder.case.json"
refused 3 'folder.case.json' show "$in/folder.case.json"
refused 3 'no case' replay "$in/folder.case.json"
: >"$in/empty.case.json"
refused 3 'empty.case.json' replay "$in/empty.case.json"
head -c 200000 /dev/zero | tr '\0' '[' >"$in/deep.case.json"
refused 3 'deep.case.json' replay "$in/deep.case.json"
head -c 1000 /dev/urandom >"$in/noise.case.json"
refused 3 'noise.case.json' replay "$in/noise.case.json"
mkfifo "$in/pipe.case.json"
refused 3 'pipe.case.json' replay "$in/pipe.case.json"
refused 3 'good|syntax' replay "$in/good.case.json" "$in/syntax.case.json"
mkdir "$in/corpus"
cp "$in/syntax.case.json" "$in/corpus"
refused 3 'syntax.case.json' fuzz --cases 1 --kernel cpu/dense_f32 --corpus "$in/corpus"

# ---- Run folders and corpora: 3 ----
refused 3 'absent/run.json' merge "$in/absent" --out new
refused 3 'corpus/run.json' merge "$in/corpus" --out new
refused 3 'absent' corpus check "$in/absent"
refused 3 'syntax.case.json' corpus check "$in/corpus"
refused 3 'syntax.case.json' corpus merge "$in/corpus" new
refused 3 'absent' corpus merge "$in/absent" new
refused 64 'not a folder' corpus check "$in/file"
refused 64 'not a folder' corpus merge "$in/corpus" "$in/file"

# A kernel that is not here is the user's to name.
sed 's|cpu/paged_decode_f32|mine/fast|' "$in/good.case.json" >"$in/stranger.case.json"
refused 64 'mine/fast.*--kernel' replay "$in/stranger.case.json"

# Terminal escapes in names come out harmless.
refused 3 '/\\x1b\[31m' replay "$in/"$'\e[31m'.case.json
exit $bad
