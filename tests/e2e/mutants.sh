#!/bin/bash
# attest mutants on built-in bugs and on plug-ins: a bug with its mark is killed, one without a mark is 'not reached'
# however much it fails, a correct kernel that marks survives, and a kernel that dies in its altered line is killed.
# The card is the same whatever --jobs. Usage: tests/e2e/mutants.sh ATTEST SOURCE_DIR
set -euo pipefail
attest=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat >edit.sed <<'END'
s/^static attest_status attend(/int32_t* attest_defect_mark;\n&/
s/^  (void)report;$/&\n  *attest_defect_mark = 1;/
END
naive=$source/examples/add_a_kernel/naive.c
wrong='s/call->scale/(call->scale * 1.02)/'
dies='s/^  for (int32_t b = 0; b < call->batch/  if (call->batch > 1) __builtin_trap();\n&/'
sed "$wrong" "$naive" >unmarked.c
sed -f edit.sed -e "$wrong" "$naive" >marked.c
sed -f edit.sed "$naive" >correct.c
sed -f edit.sed -e "$dies" "$naive" >dies.c
for name in unmarked marked correct dies; do
  ! cmp -s $name.c "$naive" || { echo "$name.c: nothing was sabotaged"; exit 1; }
  cc -std=gnu11 -O1 -shared -fPIC -fvisibility=hidden -I"$source/kernels" -o $name.so $name.c -lm
done
cmp -s marked.c correct.c && exit 1

# card CODE OUT ARG...
card() {
  local want=$1 code=0
  "$attest" mutants --cases 20 -o "$2" "${@:3}" >log 2>err || code=$?
  ((code == want)) || { echo "exit $code, not $want: mutants ${*:3}"; cat log err; exit 1; }
  cmp -s log "$2/mutants.txt" || { echo 'mutants.txt is not what was printed'; exit 1; }
}
says() { grep -qE "$1" log || { echo "no '$1'"; cat log; exit 1; }; }

card 0 marked -k ./marked.so --property 'oracle.*'
says '^1 of 1 planted bug killed'
"$attest" replay --kernel ./marked.so marked/cases/*.case.json >/dev/null && { echo 'replay holds'; exit 1; }
card 2 unmarked -k ./unmarked.so --property 'oracle.*'
says 'not reached: .* the altered line never ran; [0-9]+ checks failed for another reason'
says '^0 of 1 planted bug killed'
[[ ! -e unmarked/cases ]] || { echo 'a case of what is no kill was saved'; exit 1; }
card 1 correct -k ./correct.so
says 'survived: '
card 0 dies -k ./dies.so --property 'oracle.*'
says '\(crash\), case'
# One survivor makes the whole card a 1, whatever else was not reached.
card 1 three -k ./marked.so -k ./unmarked.so -k ./correct.so --property 'oracle.*' --property 'batch.*'
says '^1 of 3 planted bugs killed'

# Built in, twice, the times aside.
bugs=(-k planted/self_not_attended -k planted/window_off_by_one -k planted/v_tail_not_zeroed)
card 0 one "${bugs[@]}" --jobs 1
says '^3 of 3 planted bugs killed'
card 0 two "${bugs[@]}" --jobs 3
cmp one/kill-matrix.svg two/kill-matrix.svg
cmp one/kill-matrix.md two/kill-matrix.md
cmp <(ls one/cases) <(ls two/cases)
same() { sed -E 's/"duration": [0-9]+/"duration": 0/; s|"case": "[a-z]+/|"case": "|' "$1/mutation-report.json"; }
cmp <(same one) <(same two)

# What cannot be used or written.
code=0
"$attest" mutants -k cpu/dense_f32 >log 2>err || code=$?
((code == 64)) && grep -q "^attest: --kernel: 'cpu/dense_f32' has no planted bug" err && [[ ! -s log ]]
: >file
code=0
"$attest" mutants -k planted/self_not_attended --cases 5 -o file >log 2>err || code=$?
((code == 64)) && [[ $(wc -l <err) -eq 1 ]]
mkdir full
mkdir full/mutants.txt full/mutation-report.json  # in the way of the files
code=0
"$attest" mutants -k planted/self_not_attended --cases 5 -o full >log 2>err || code=$?
((code == 70)) && [[ $(wc -l <err) -eq 1 ]] || { echo "files in the way: exit $code"; cat err; exit 1; }
says '^1 of 1 planted bug killed'
