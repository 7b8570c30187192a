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
    timeout --signal=TERM --kill-after=10 "$limit" "$@" >"$OUT/$name.log" 2>&1
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

train() { # Train two networks at the same time, starting from the installed weights; a checkpoint is written each minute.
    local minutes=${MINUTES:-2}
    for row in "realtime 256" "lightweight-light 192"; do
        set -- $row
        "$python" -m vmm.train "$1" --fine --device cuda --minutes "$minutes" --batch "$2" --max-output 14 --rate 5e-4 \
            --start "$weights/$1.onnx" --out "$OUT/trained" >"$OUT/train-$1.log" 2>&1 &
    done
    wait
    tail -n 3 "$OUT"/train-*.log
}

export -f environment tests file_to_file train
export python weights
requested="$*"
part environment 20 bash -c environment
part tests 120 bash -c tests
part speed 120 "$python" -m benchmarks gpu
part networks 40 "$python" -m benchmarks.gpu_networks
part files 50 bash -c file_to_file
part training "${TRAINING_LIMIT:-180}" bash -c train
