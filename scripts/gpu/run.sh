#!/usr/bin/env bash
# Runs the suite on a CUDA machine without a network, from carried wheels:
#
#   scripts/gpu/run.sh WHEELS OUT [SECONDS]
#
# WHEELS is what collect.sh made, OUT a folder for the results, SECONDS what all of it may take (480). The most important
# comes first, everything is appended as it comes, and what is cut off keeps what it has. Run it in a checkout, with the
# Python that has PyTorch, JAX and CuPy (PYTHON, or python3). Exit 0 if all stages came to an end, whatever the verdicts;
# 1 if one was cut short; 2 if parity does not run there, or nothing was compared at all.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
wheels=$(cd "${1:?the folder of wheels}" && pwd) || exit 2
mkdir -p "${2:?a folder for the results}" && out=$(cd "$2" && pwd) || exit 2
budget=${3:-480}
python=${PYTHON:-python3}
jobs=${JOBS:-$(nproc)}
gpu=${TARGETS:-*@gpu}
cpu=${BESIDE:-*@cpu}
cases=${CASES:-cases}
few=${FEW:-lenet or mobilenet or lstm_classifier}
cut=0

cd "$root" || exit 2
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
# Nothing that the machine has and that its own packages were built for is put behind another version of it.
mapfile -t needed < <("$python" "$root/scripts/gpu/fit.py" wheels "$wheels")
((${#needed[@]})) && [[ -n ${needed[0]} ]] || { echo "no wheels in $wheels, or no $python" >&2; exit 2; }
"$python" -m pip install --quiet --no-index --no-deps --disable-pip-version-check --target "$site" "${needed[@]}" ||
  { echo "the wheels in $wheels do not fit $("$python" -V)" >&2; exit 2; }
export PYTHONPATH=$site:$root TOX_ENV_NAME=${NAME:-cuda}
parity() { "$python" -m parity "$@"; }
lacks=$("$python" "$root/scripts/gpu/fit.py" lacking) ||
  { printf 'this machine lacks what parity needs, and the wheels do not have it:\n%s\n' "$lacks" >&2; exit 2; }

# stage NAME SHARE COMMAND...: at most SHARE percent of the budget, and no more than is left of it. A command that knows
# --seconds is told to begin nothing after that, so that it writes what it has; whatever hangs is ended a little later.
stage() {
  local name=$1 most=$(($2 * budget / 100)) left=$((budget - SECONDS))
  shift 2
  if ((left < 10)); then
    echo "== $name: no time left" | tee -a "$out/log.txt"
    cut=1
    return
  fi
  local limit=$((most < left ? most : left)) begin=$SECONDS
  local told=()
  case $1 in
    run | calibrate) told=(--seconds $((limit < 60 ? limit * 2 / 3 : limit - 20))) ;;
    time) told=(--seconds $((limit < 12 ? 1 : limit / 6))) ;; # for each network, when it has been judged
  esac
  echo "== $name: at most $limit s" | tee -a "$out/log.txt"
  timeout --signal=INT --kill-after=15 "$limit" "$python" -m parity "$@" "${told[@]}" >>"$out/log.txt" 2>&1
  local status=$?
  echo "== $name: exit status $status after $((SECONDS - begin)) s" | tee -a "$out/log.txt"
  ((status == 124 || status == 130 || status == 137)) && cut=1
  return 0
}

{
  date --utc +%FT%TZ
  nvidia-smi 2>&1 || echo "no nvidia-smi"
  "$python" -V
  "$python" -m pip list --disable-pip-version-check 2>/dev/null
} >"$out/machine.txt" 2>&1
parity targets --targets "$gpu,$cpu" >>"$out/machine.txt" 2>&1
runs=$?
tail -n 20 "$out/machine.txt"
((runs == 0)) || { echo "parity does not run here: parity targets ended with exit status $runs" >&2; exit 2; }

# 1. Bounds are measured here before they judge here; run reads the record from the package.
record=$root/parity/records/calibration-${NAME:-cuda}.json
stage calibrate 25 calibrate "$cases/networks" "$cases/layers" --regimes normal --weights drawn --targets "$gpu" \
  --jobs "$jobs" --out "$out/calibration.json"
if [[ -s $out/calibration.json ]] && ! grep -q '^"layers": \[\]' "$out/calibration.json"; then
  cp "$out/calibration.json" "$record"
fi
# 2. Cases times GPU targets, networks first, and the CPU beside them.
stage networks 15 run "$cases/networks" --targets "$gpu,$cpu" --jobs "$jobs" --out "$out" --resume
stage layers 30 run "$cases/layers" --targets "$gpu" --jobs "$jobs" --out "$out" --resume
# 3. TensorFloat-32, what other precisions lose, and how long it takes.
stage tf32 8 run "$cases/networks" --targets "$gpu:tf32" --jobs "$jobs" --out "$out" --resume
stage precision 10 precision "$cases/networks" -k "$few" --targets "$gpu" --precisions float16,bfloat16 --jobs "$jobs" --out "$out"
stage timing 20 time "$cases/networks/lenet.yaml" "$cases/networks/lstm_classifier.yaml" --targets "$gpu,$cpu" \
  --rounds 3 --out "$out"
stage layers-on-the-cpu 15 run "$cases/layers" --targets "$cpu" --jobs "$jobs" --out "$out" --resume
# 4. The pages: neither needs the device.
parity report "$out" --out "$out" >>"$out/log.txt" 2>&1
parity gpu "$out" --out "$out/page.md" | tee -a "$out/log.txt"
echo "$SECONDS s; results in $out: merge them with: parity report reports $out --out merged"
grep -q '"kind":"cell"' "$out/results.jsonl" 2>/dev/null || { echo "nothing was compared; see $out/log.txt" >&2; exit 2; }
exit $cut
