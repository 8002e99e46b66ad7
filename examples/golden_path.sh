#!/usr/bin/env bash
# The product on one page: answer at once, train on a small file, evaluate, check, predict and explain a text, predict a
# file, export to int8, answer a pipe.
# It uses the `limbeck` on PATH, writes under TMPDIR only and ends within 45 s.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
work="$(mktemp -d "${TMPDIR:-/tmp}/limbeck-golden.XXXXXX")"
trap 'rm -rf "$work"' EXIT
export LIMBECK_CACHE="$work/cache"
started=$SECONDS

step() { printf '\n== %s\n' "$*"; }

step "sentiment at once: no model named, nothing to download"
limbeck predict "An hour I want back."

step "fine-tune that model on 200 short reviews of one's own"
head -n 201 "$here/reviews.csv" > "$work/train.csv"
{ head -n 1 "$here/reviews.csv"; tail -n 200 "$here/reviews.csv"; } > "$work/test.csv"
limbeck train "$work/train.csv" --out "$work/model" --seed 1

step "evaluate it on 200 others: the report, what it gets most wrong, and which labels to look at"
limbeck evaluate "$work/model" "$work/test.csv" --greatest 3 --corrections "$work/fixes.csv"
head -n 3 "$work/fixes.csv"

step "what was saved, and whether this machine computes the same answers"
limbeck info "$work/model"
limbeck check "$work/model"

step "answer a text, and why"
limbeck predict "$work/model" "An hour I want back."
limbeck explain "$work/model" "An hour I want back."
limbeck predict "$work/model" "A warm, funny film with a great cast." --json

step "answer every row of a file"
limbeck predict "$work/model" "$here/reviews.csv" --out "$work/scored.csv"
head -n 3 "$work/scored.csv"
rows="$(wc -l < "$work/scored.csv")"
[ "$rows" -eq "$(wc -l < "$here/reviews.csv")" ] || { echo "rows were lost: $rows" >&2; exit 1; }

step "make it a quarter of the size, and see what that does to its answers"
limbeck export "$work/model" --int8 --out "$work/small" --data "$work/test.csv"

step "answer the lines of a pipe with the small one"
printf '%s\n' "An hour I want back." "A warm, funny film with a great cast." | limbeck predict "$work/small" -

seconds=$((SECONDS - started))
step "done in $seconds s"
limit="${GOLDEN_PATH_SECONDS:-45}"
[ "$seconds" -le "$limit" ] || { echo "the golden path took $seconds s, over $limit" >&2; exit 1; }
