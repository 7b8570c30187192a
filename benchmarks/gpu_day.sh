#!/usr/bin/env bash
# Run all tests and benchmarks that need a GPU, within nine minutes, the most important ones first. Each part has a time
# limit and writes its output to the folder $OUT while it runs, so that no result is lost if the script is stopped.
#
#     OUT=gpu-day benchmarks/gpu_day.sh              # all parts
#     OUT=gpu-day benchmarks/gpu_day.sh tests speed  # only these parts
#
# It needs CuPy, PyTorch with CUDA, pytest with pytest-xdist, and the dependencies of vmm; the script installs nothing.
set -u
cd "$(dirname "$0")/.."
export OUT="${OUT:-gpu-day}" PYTHONUNBUFFERED=1 PYTHONPATH="$PWD:$PWD/tests${PYTHONPATH:+:$PYTHONPATH}"
mkdir -p "$OUT"
python="${PYTHON:-python3}"
weights=vmm/learned/weights

part() { # part NAME SECONDS COMMAND...: run the command if the part is requested; its output goes to $OUT/NAME.log
    local name=$1 limit=$2
    shift 2
    case " $requested " in *" $name "* | "  ") ;; *) return ;; esac
    local start=$SECONDS
    timeout --signal=TERM --kill-after="${GRACE:-10}" "$limit" "$@" >"$OUT/$name.log" 2>&1
    echo "$name: exit status $? after $((SECONDS - start)) s (limit: $limit s)"
    tail -n "${LINES_SHOWN:-4}" "$OUT/$name.log"
}

environment() {
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv
    "$python" -c 'import cupy, numpy, scipy, numba, torch, onnxruntime as o
for m in (cupy, numpy, scipy, numba, torch, o): print(m.__name__, m.__version__)
print(o.get_available_providers())'
}

tests() {
    "$python" -m pytest -m gpu -n "${WORKERS:-8}" --no-cov -o addopts= --import-mode=importlib -p no:cacheprovider \
        -W default -q -rfE --tb=short --durations=5 tests
}

file_to_file() {
    local folder
    folder=$(mktemp -d)
    "$python" - "$folder/in.mp4" <<'PYTHON'
import sys
import numpy as np
import vmm
from benchmarks.cases import clip
frames = clip((1080, 1920), 32)
vmm.io.write(sys.argv[1], (frames for _ in range(10)), 30)
PYTHON
    for method in riesz linear phase; do
        for where in "" --gpu; do
            echo "== $method 1080p, 320 frames, file to file ${where:-on the CPU}"
            local start
            start=$(date +%s.%N)
            "$python" -m vmm "$method" "$folder/in.mp4" "$folder/out.mp4" --overwrite --band 2 3 --temporal butterworth --profile $where 2>&1 | tail -n 8
            awk -v start="$start" -v end="$(date +%s.%N)" 'BEGIN { printf "%.1f frames/s\n", 320 / (end - start) }'
        done
    done
    rm -r "$folder"
}

train() { # Train networks at the same time, starting from the installed weights; $OUT/trained.tar.gz holds the results.
    local minutes=${MINUTES:-1.5} folder name share batch rate initial monitor
    folder=$(mktemp -d)
    trap 'echo "stopped: the networks are exported now"' TERM # The trainers receive the signal, too.
    nvidia-smi --query-gpu=utilization.gpu,memory.used --format=csv -l 10 >"$folder/gpu.csv" 2>&1 &
    monitor=$!
    local trainers=()
    while read -r name share batch rate initial; do
        "$python" -m vmm.train "$name" --device cuda --minutes "$(awk "BEGIN { print $share * $minutes }")" \
            --batch "$batch" --max-output 14 --rate "$rate" $initial --textures "$folder/textures.pt" \
            --out "$folder" >"$folder/$name.log" 2>&1 &
        trainers+=($!)
    done <<ROWS
realtime 0.5 128 5e-4 --fine --start $weights/realtime.onnx
lightweight-light 0.5 96 5e-4 --fine --start $weights/lightweight-light.onnx
lightweight-base 1 48 5e-4 --fine --start $weights/lightweight-base.onnx
magnet 1 64 1e-3
ROWS
    while ! wait "${trainers[@]}" && kill -0 "${trainers[@]}" 2>/dev/null; do :; done # A signal interrupts wait.
    kill "$monitor" 2>/dev/null
    tail -n 3 "$folder"/*.log
    "$python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path
import torch
for path in Path(sys.argv[1]).glob("*.pt"):  # weights of networks that were not exported, without the optimizer
    if path.stem != "textures" and not path.with_suffix(".encoder.onnx").exists():
        torch.save(torch.load(path, map_location="cpu", weights_only=True)["mean"], path.with_suffix(".mean"))
PYTHON
    tar -czf "$OUT/trained.tar.gz" -C "$folder" --exclude='*.pt' --exclude='*.lock' .
    rm -r "$folder"
}

export -f environment tests file_to_file train
export python weights
requested="$*"
part environment 20 bash -c environment
part tests 120 bash -c tests
part speed 120 "$python" -m benchmarks gpu
part networks 40 "$python" -m benchmarks.gpu_networks
part files 50 bash -c file_to_file
GRACE="${GRACE:-90}" part training "${TRAINING_LIMIT:-190}" bash -c train
