#!/usr/bin/env bash
# Do the trainers people use load what stage 6 writes, whole? Makes environments of their own with
# LLaMA-Factory, TRL and LitGPT (some minutes and 4 GB, once), runs quickstart.sh in a folder apart, exports its
# rows in every layout, and has both load and train on them. Not part of test.sh.
#   tests/consumers/run.sh [FILE]
# FILE adds real edits: JSON lines with instruction, input, output.
# CONSUMERS=folder says where the environments go (default: cache/consumers).
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
real="${1:+$(realpath "$1")}"
environments="$(realpath -m "${CONSUMERS:-$root/cache/consumers}")"
here="$root/tests/consumers"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# make_environment NAME: a virtual environment from requirements-NAME.txt, made again if it changes.
make_environment() {
    local folder="$environments/$1" stamp
    stamp="$folder/installed-$(cksum < "$here/requirements-$1.txt" | tr ' ' '-')"
    [ -e "$stamp" ] && return
    echo "making $folder" >&2
    python3 -m venv --clear "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements-$1.txt"
    if [ "$1" = llamafactory ]; then
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps llamafactory==0.9.5
        # Imported by it, and never used for text.
        echo pass > "$("$folder/bin/python" -c 'import site; print(site.getsitepackages()[0])')/torchaudio.py"
    fi
    : > "$stamp"
}

cd "$root"
source ./setup_venv.sh requirements.lock
python -c 'import tokenizers' 2>/dev/null ||
    pip install --quiet --disable-pip-version-check "$(grep '^tokenizers==' requirements-extras.txt)"
make_environment llamafactory
make_environment trl
make_environment litgpt
export HF_HUB_OFFLINE=1 HF_DATASETS_DISABLE_PROGRESS_BARS=1 TRANSFORMERS_VERBOSITY=error
"$environments/trl/bin/python" "$here/tiny_model.py" "$work/model" >&2

# Real rows: the quickstart's, in a copy that shares nothing but the environment.
mkdir "$work/copy"
cp -r ./*.py ./*.yaml ./*.sh ./*.txt mix_config utils offline_model "$work/copy"
mkdir "$work/copy/data" && cp data/few_shot.jsonl "$work/copy/data"
ln -s "$root/.venv" "$work/copy/.venv"
"$work/copy/quickstart.sh" > "$work/quickstart.log" 2>&1 || { cat "$work/quickstart.log" >&2; exit 1; }
inputs=("$work/copy/data/filtered/ocedata_mix_quickstart_dt_filtered.jsonl")
if [ -n "$real" ]; then
    python -m tests.consumers.real_edits "$real" "$work/real.jsonl"
    inputs+=("$work/real.jsonl")
fi

# export_rows NAME [FLAGS]: one file, checked below; nothing may be cut.
export_rows() {
    python generate_finetune_dataset.py --input_file "${inputs[@]}" --output_file "$work/out/$1" \
        --tokenizer "$work/model" --cutoff_len 32768 --too_long error "${@:2}"
}
for layout in alpaca share_gpt share_gpt_from_value openai prompt_completion; do
    export_rows "$layout.jsonl" --prompt_format "$layout"
    export_rows "${layout}_columns.parquet" --prompt_format "$layout"
done
export_rows diff.jsonl --edit_format diff --val_ratio 0.1
export_rows search_replace.jsonl --edit_format search_replace --system_prompt ''
export_rows bare.jsonl --prompt_format alpaca --codeblock_share 0 --no_think --val_ratio 0.1

if [ -n "${KEEP:-}" ]; then cp -r "$work/out" "$work/model" "$KEEP"; fi
"$environments/llamafactory/bin/python" "$here/check_llamafactory.py" "$work/out" "$work/model" \
    2> "$work/load.log" || { tail -30 "$work/load.log" >&2; exit 1; }
"$environments/trl/bin/python" "$here/check_trl.py" "$work/out" "$work/model" 2> "$work/trl.log" ||
    { tail -30 "$work/trl.log" >&2; exit 1; }

# Data V5's .pt files, which PyTorch writes, beside what LitGPT's own data module makes of the same rows.
python -c 'import torch' 2>/dev/null ||
    pip install --quiet --disable-pip-version-check "$(grep '^torch==' requirements-extras.txt)"
python -m data_v5.toy_tokenizer --output_dir "$work/litgpt/model" > /dev/null 2>&1
python - "$work/litgpt" <<'PYTHON'
import json, sys
from pathlib import Path
folder = Path(sys.argv[1]) / "raw"
folder.mkdir()
rows = [json.loads(line) for line in open("data_v5/examples/questions.jsonl")]
texts = [{"instruction": "Solve it.", "input": f"Q: {row['question']}\nA:", "output": row["answer"]} for row in rows]
(folder / "sums_prompt_data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts))
PYTHON
PYTHONPATH="$root" python -m data_v5.prepare_synthetic --tokenizer "$work/litgpt/model" --domains sums \
    --input_data_path "$work/litgpt/raw" --destination_path "$work/litgpt/tokens" --mask_inputs \
    --ignore_index -100 --encode apart --output_format pt
"$environments/litgpt/bin/python" "$here/check_litgpt.py" "$work/litgpt/tokens" \
    "$work/litgpt/model" "$work/litgpt/raw/sums_prompt_data.jsonl"

# Two optimiser steps with the very config of the README, on a model that fits anywhere.
"$environments/llamafactory/bin/llamafactory-cli" train examples/llamafactory_sft.yaml \
    model_name_or_path="$work/model" dataset_dir="$work/out" dataset=diff eval_dataset=diff_val \
    output_dir="$work/saves" max_steps=2 gradient_accumulation_steps=1 preprocessing_num_workers=1 \
    neat_packing=false bf16=false use_cpu=true save_steps=2 \
    eval_strategy=steps eval_steps=2 > "$work/train.log" 2>&1 ||
    { tail -30 "$work/train.log" >&2; exit 1; }
grep -o "'train_loss': [^,]*" "$work/train.log" | sed 's/^/llamafactory-cli train, two steps: /'
echo "all trainers load all rows"
