#!/usr/bin/env bash
# Checks, gates, benchmark and the paper's 16 models at 5,000 epochs on one GPU, in one go and under ten minutes; called
# again it goes on.
#
#     benchmarks/gpu.sh [--device cuda] [--quick] [--seconds 570] [--weights] [WHEELHOUSE]
#
# Needs Python with torch >= 2.11 and nothing to install from. Missing packages are named; with WHEELHOUSE, a folder of
# wheels, they are installed from there into .gpu-venv, beside the torch that is there. Data: data/mnist, or a folder in
# DISTANCENETS_DATA. The gates are tests and want pytest and pandas. Results go to $OUT (benchmarks/results/gpu): some
# kilobytes of text and the runs' metrics; with --weights also their weights, 0.4 MB a run, from which
# `distancenets archive FOLDER --study config/paper.yaml` adds the unpacked runs to the paper's study.
# --device cpu --quick tries the script itself where there is no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."

DEVICE=cuda QUICK='' SECONDS_IN_ALL=570 WHEELHOUSE='' LEFT_OUT=--exclude=weights.safetensors
while [ $# -gt 0 ]; do
  case $1 in
    --device) DEVICE=$2; shift ;;
    --seconds) SECONDS_IN_ALL=$2; shift ;;
    --quick) QUICK=yes ;;
    --weights) LEFT_OUT= ;;
    -*) echo "error: unknown option $1" >&2; exit 2 ;;
    *) WHEELHOUSE=$1 ;;
  esac
  shift
done
OUT=${OUT:-benchmarks/results/gpu}
PYTHON=${PYTHON:-python3}
# The last as training sets it: with a workspace of its own, a product has the same bits each time.
export PYTHONPATH=$PWD/workflow PYTHONUNBUFFERED=1 CUBLAS_WORKSPACE_CONFIG=:4096:8
mkdir -p "$OUT"

missing() {
  "$PYTHON" - << 'END'
import importlib.util
needed = dict(torch="torch", numpy="numpy", scipy="scipy", pyarrow="pyarrow", safetensors="safetensors", pydantic="pydantic",
              typer="typer", rich="rich", yaml="pyyaml")
print(*(package for module, package in needed.items() if importlib.util.find_spec(module) is None))
END
}

MISSING=$(missing)
if [ -n "$MISSING" ] && [ -n "$WHEELHOUSE" ]; then
  "$PYTHON" -m venv --system-site-packages .gpu-venv
  PYTHON=.gpu-venv/bin/python
  # shellcheck disable=SC2086
  "$PYTHON" -m pip install --quiet --no-index --find-links "$WHEELHOUSE" $MISSING
  MISSING=$(missing)
fi
if [ -n "$MISSING" ]; then
  echo "error: missing: $MISSING (give a folder that holds their wheels: benchmarks/gpu.sh WHEELHOUSE)" >&2
  exit 1
fi
"$PYTHON" - "$DEVICE" << 'END'
import sys, torch
print("Python", sys.version.split()[0], "torch", torch.__version__)
if torch.torch_version.TorchVersion(torch.__version__) < (2, 11):
    sys.exit(f"error: torch >= 2.11 is needed, not {torch.__version__}")
torch.empty(1, device=sys.argv[1])
END
if [ ! -e data/mnist ]; then
  "$PYTHON" -m distancenets data fetch mnist
fi

left() { echo $((SECONDS_IN_ALL - SECONDS)); }
# A part that is done is not repeated; one that fails is said, kept as such, and does not keep the others from running.
part() {
  local file=$OUT/$1.json failed=$OUT/$1-failed.json
  shift
  [ -e "$file" ] && { echo "there already: $file"; return; }
  [ "$(left)" -gt 0 ] || { echo "no time left for $1: call again"; return; }
  timeout --signal=TERM "$(left)" "$PYTHON" "$@" --device "$DEVICE" --json "$failed" || { echo "FAILED: $*"; return; }
  mv "$failed" "$file"
}

# Loss and every gradient of all models, both scalings, both forms of OffsetL2 against float64, and the anchor's losses.
gates() {
  local file=$OUT/gates.txt failed=$OUT/gates-failed.txt
  [ -e "$file" ] && { echo "there already: $file"; return; }
  "$PYTHON" -c 'import pytest, pandas' 2> /dev/null || { echo "no pytest or no pandas: gates and anchor are not tested"; return; }
  [ "$(left)" -gt 0 ] || { echo "no time left for the gates: call again"; return; }
  timeout --signal=TERM "$(left)" "$PYTHON" -m pytest -q -p no:cacheprovider tests/test_engines.py tests/test_reference_losses.py \
    -k "$1" > "$failed" 2>&1 || { tail -20 "$failed"; echo "FAILED: gates"; return; }
  tail -1 "$failed"
  mv "$failed" "$file"
}

GATES=$DEVICE MODELS='ReLU Abs2-Neg ReLU_Bias Abs-L2' BENCH='split dense' SIZE='--packs 20 --test-every 10' STEPS=200 EPOCHS=5000 PACK=20 TIME=90
if [ -n "$QUICK" ]; then
  GATES="$DEVICE and ReLU-raw" MODELS=ReLU SIZE=--quick STEPS=5 EPOCHS=3 PACK=2 TIME=2
fi
if [ "$DEVICE" = cpu ]; then
  BENCH=split
fi
# shellcheck disable=SC2086
{
  part checks benchmarks/kernel_accuracy.py --models $MODELS --engines split --steps $STEPS
  gates "$GATES"
  part benchmark benchmarks/epoch_time.py --models $MODELS --engines $BENCH $SIZE --seconds $TIME
}

STUDY=results/gpu-$EPOCHS
"$PYTHON" -c '
from distancenets.models.registry import models
for model in models():
    print(model.architecture, model.representation.name, model.paper_name)
' | while read -r architecture representation name; do
  [ -z "$QUICK" ] || [ "$name" = ReLU ] || continue
  [ "$(left)" -gt 0 ] || { echo "no time left for $name: call again"; continue; }
  timeout --signal=TERM "$(left)" "$PYTHON" -m distancenets train --study config/paper.yaml --study-dir "$STUDY" \
    --experiment published --architecture "$architecture" --representation "$representation" \
    --seeds "0-$((PACK - 1))" --epochs "$EPOCHS" --device "$DEVICE" < /dev/null || echo "not finished: $name (call again)"
done
# shellcheck disable=SC2086
[ ! -e "$STUDY" ] || tar --create --gzip --file "$OUT/study.tar.gz" $LEFT_OUT --exclude=checkpoints "$STUDY"
du --human-readable --total "$OUT" | tail -1
echo "$SECONDS seconds"
