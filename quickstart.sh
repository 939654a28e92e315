#!/usr/bin/env bash
# EditLoom from nothing to a fine-tuning file, one command a stage, as you would type them.
# Runs on this machine alone: the seeds are Python's own standard library, the model is the embedded
# stand-in. Takes about a minute after the install. Run it again and it goes on where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Set-up: a virtual environment with the pinned packages, made once.
source ./setup_venv.sh requirements.txt

# Stage 0: real code to start from.
python collect_seeds.py --source stdlib --output_file data/commitpackft_python_cleaned.jsonl

# Stage 1: pairs of snippets become prompts, each asking for one kind of edit.
python create_prompt.py --sample_num 400 --edit_kinds edit_kinds.yaml

# Stage 2: the model writes a program and two instructions, then the edited program.
# With a real model: --model_name deepseek-chat, after `export DEEPSEEK_API_KEY=...`.
python code_generation_api.py --input_file data/prompt_for_syn.jsonl \
    --output_file data/generated_instr_offline.jsonl \
    --recovery_file data/generated_instr_offline_recovery.jsonl \
    --model_name offline --continue_from_error

# Stage 3: replies become triplets; what can't be read is put aside with a reason.
python get_instruct_from_response.py data/generated_instr_offline.jsonl data/triplets_offline.jsonl

# Stage 4: descriptive and lazy instructions, half and half.
python mix_data.py --config mix_config/quickstart.yaml

# Stage 5: sensible diffs, topics in balance.
python dt_filtering.py --config mix_config/quickstart_filter.yaml

# Stage 6: the file for LLaMA-Factory, and its dataset_info.json.
python generate_finetune_dataset.py data/filtered/ocedata_mix_quickstart_dt_filtered.jsonl \
    data/finetune/ocedata_mix_quickstart_ft.jsonl
