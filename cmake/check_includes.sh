#!/bin/bash
# Checks which folder includes which, in the text of the sources. The include roots of
# AttestFolder.cmake already keep most wrong includes from compiling; this also sees what they let
# through: paths that climb (../oracle/x.h), folders that arrive through another folder, files that
# are compiled by nothing yet. Prints each offence as file:line and exits 1.
#
# Usage: check_includes.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

# Who may use whom. tests, bench and examples may use everything, and nobody may use them.
# shrinkers in properties: a generator hands its shrink tree to RapidCheck.
rules='
problem:
oracle:     problem
kernels:    problem
shrinkers:  problem
corpus:     problem
properties: problem oracle kernels shrinkers
campaign:   problem oracle kernels shrinkers corpus properties
cli:        problem kernels shrinkers corpus properties campaign
'
folders=(problem oracle kernels shrinkers corpus properties campaign cli tests bench examples)

present=()
for folder in "${folders[@]}"; do [[ ! -d $folder ]] || present+=("$folder"); done
[[ ${#present[@]} -gt 0 ]] || { echo "$PWD: no source folder here" >&2; exit 1; }

find "${present[@]}" -type f -regextype egrep -regex '.*\.(h|c|cc|cu|cuh|inc|in)' -print0 |
  sort -z |
  { xargs -0 grep -HnE '^[[:space:]]*#[[:space:]]*(include|import)[[:space:]]*["<]' || true; } |
  awk -v rules="$rules" -v folders="${folders[*]}" '
    function offence(why) { print $0 "    <- " why; bad = 1 }
    BEGIN {
      n = split(folders, list, " ")
      for (i = 1; i <= n; i++) known[list[i]] = 1
      n = split(rules, lines, "\n")
      for (i = 1; i <= n; i++) {
        m = split(lines[i], word, /[: ]+/)
        if (m) ruled[word[1]] = 1
        for (j = 2; j <= m; j++) may[word[1], word[j]] = 1
      }
    }
    {
      file = $0; sub(/:.*/, "", file)
      header = $0; sub(/^[^"<]*["<]/, "", header); sub(/[">].*/, "", header)
      from = file; sub(/\/.*/, "", from)
      to = header; if (!sub(/\/.*/, "", to)) to = from

      if (file == "kernels/attest_kernel.h" && header !~ /^std(def|int)\.h$/)
        offence("the C header of the kernel contract has no dependency")
      else if (header ~ /(^|\/)\.\.(\/|$)/)
        offence("write the path from the repository root")
      else if ((from in ruled) && (to in known) && to != from && !((from, to) in may))
        offence(from "/ may not use " to "/")
    }
    END { exit bad }
  '
