#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# fuzz.sh [TARGET...]
#
# Runs the fuzz targets of selftests/fuzz/, two at a time, with libFuzzer and
# the address and undefined-behaviour sanitizers. Each begins with its corpus
# and goes on with so many inputs made from it. Numbers in the environment:
#
#   FUZZ_SEED=n  replays a run: same seed, same runs, same corpus, same inputs
#   FUZZ_RUNS=n  so many inputs for each target
#
# An input that breaks a target is kept in out/fuzz/broken/. Once that is
# mended it belongs into selftests/fuzz/corpus/TARGET/, under a name that says
# what it was.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd -P)
# shellcheck source=selftests/lib/ktap.sh
. "$top/selftests/lib/ktap.sh"
cd "$top"

out=out/fuzz

# As many inputs as take three seconds or so.
runs_of() {
	case $1 in
	packet|ack)			echo 150000 ;;
	sdes|reply|replay|base64)	echo 80000 ;;
	tuple|event|grammar|request|keyd)	echo 40000 ;;
	*)				echo 20000 ;;
	esac
}

dictionary_of() {
	case $1 in
	grammar|qsctl)	echo "-dict=selftests/fuzz/words.dict" ;;
	request|keyd)	echo "-dict=selftests/fuzz/requests.dict" ;;
	sdes|base64)	echo "-dict=selftests/fuzz/sdes.dict" ;;
	esac
}

# Starting from nothing but the corpus in the tree: a run has to be replayable.
run_target() {
	found=$out/found/$1
	rm -rf "$found"
	mkdir -p "$found"
	# shellcheck disable=SC2046 # none or one word
	"$out/fuzz_$1" -seed="$FUZZ_SEED" -runs="${FUZZ_RUNS:-$(runs_of "$1")}" \
		-max_len=1024 -timeout=300 -print_final_stats=1 \
		-artifact_prefix="$out/broken/$1-" $(dictionary_of "$1") \
		"$found" "selftests/fuzz/corpus/$1" >"$out/log/$1" 2>&1
}

# For xargs: what a target's end was is in its log.
if [ "${1-}" = --one ]; then
	run_target "$2" || echo "exit status $?" >>"$out/log/$2"
	exit 0
fi

build() {
	selftests/lib/huge_pages make -s -C selftests/fuzz
}

report() {
	name="$1: $(sed -n 's/^stat::number_of_executed_units: //p' "$out/log/$1") runs"
	name="$name, seed $FUZZ_SEED"
	if ! grep -q '^exit status' "$out/log/$1" && grep -q '^stat::' "$out/log/$1"; then
		ktap_test_pass "$name"
		return
	fi
	grep -aE 'broken|ERROR|SUMMARY|runtime error|Test unit|Base64|exit status' \
		"$out/log/$1" | sed 's/^/# /'
	ktap_test_fail "$name"
}

ktap_print_header
echo 'int main(void) { return 0; }' | clang -x c -fsanitize=address - -o /dev/null 2>/dev/null ||
	ktap_skip_all "clang or libclang-rt-14-dev is missing"
targets=${*:-$(make -s -C selftests/fuzz list)}
FUZZ_SEED=${FUZZ_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
export FUZZ_SEED

ktap_set_plan $(($(echo "$targets" | wc -w) + 1))
ktap_test_run "targets build" build
mkdir -p "$out/log" "$out/broken"
rm -f "$out"/log/*
# shellcheck disable=SC2086 # words
printf '%s\n' $targets | xargs -P 2 -n 1 selftests/host/fuzz.sh --one
for t in $targets; do
	report "$t"
done
ktap_finished
