#!/usr/bin/env bash
# EditLoom from nothing to a fine-tuning file, one command a stage, as you would type them.
# Runs on this machine alone: the seeds are Python's own standard library, the model is the embedded
# stand-in. Takes about a minute after the install. Run it again and it goes on where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Set-up: a virtual environment with the pinned packages, made once.
source ./setup_venv.sh requirements.lock

# Stage 0: real code to start from.
python collect_seeds.py --source stdlib --output_file data/commitpackft_python_cleaned.jsonl

# Stage 1: pairs of snippets become prompts, each asking for one kind of edit.
python create_prompt.py --sample_num 300 --edit_kinds edit_kinds.yaml

# Stage 2: the model writes a program and two instructions, then the edited program.
# With a real model: --model_name deepseek-chat, after `export DEEPSEEK_API_KEY=...`.
python code_generation_api.py --input_file data/prompt_for_syn.jsonl \
    --output_file data/generated_instr_offline.jsonl \
    --recovery_file data/generated_instr_offline_recovery.jsonl \
    --model_name offline --continue_from_error

# Stage 3: replies become triplets; what can't be read is put aside with a reason.
python get_instruct_from_response.py data/generated_instr_offline.jsonl data/triplets_offline.jsonl

# Stage 3b: only sound triplets pass; what is judged here is the text, nothing is run.
python check_quality.py data/triplets_offline.jsonl data/triplets_offline_checked.jsonl \
    --config quality_config.yaml

# Stage 3d: the programs of each triplet are run in a sandbox, and edits that break theirs put aside.
# On a machine that has no sandbox nothing is run, and all rows go on.
python verify_triplets.py run data/triplets_offline_checked.jsonl data/triplets_offline_run.jsonl \
    --without_sandbox pass_on

# The model writes tests of some edits, and these are run as well; rows without tests are kept here.
python verify_triplets.py prompts data/triplets_offline_run.jsonl data/prompt_tests_offline.jsonl
python code_generation_api.py --input_file data/prompt_tests_offline.jsonl \
    --output_file data/tests_offline.jsonl --recovery_file data/tests_offline_recovery.jsonl \
    --model_name offline --max_samples 20 --continue_from_error
python verify_triplets.py collect data/triplets_offline_run.jsonl data/triplets_offline_tested.jsonl \
    --replies data/tests_offline.jsonl --keep verified untestable --without_sandbox pass_on

# Stage 4: descriptive and lazy instructions, half and half.
python mix_data.py --config mix_config/quickstart.yaml

# Stage 5: sensible diffs, topics in balance.
python dt_filtering.py --config filter_config_quickstart.yaml

# Stage 6: the file for LLaMA-Factory, and its dataset_info.json.
python generate_finetune_dataset.py data/filtered/ocedata_mix_quickstart_dt_filtered.jsonl \
    data/finetune/ocedata_mix_quickstart_ft.jsonl

# Look at it: one page, to open in a browser.
python dataset_report.py data/commitpackft_python_cleaned.jsonl data/prompt_for_syn.jsonl \
    data/generated_instr_offline.jsonl data/triplets_offline.jsonl \
    data/triplets_offline_checked.jsonl data/triplets_offline_run.jsonl \
    data/triplets_offline_tested.jsonl data/ocedata_mix_quickstart.jsonl \
    data/filtered/ocedata_mix_quickstart_dt_filtered.jsonl --output_file data/report.html

# What came of it.
python - <<'TABLE'
import json
from pathlib import Path

stages = {
    "seeds": "data/commitpackft_python_cleaned",
    "prompts": "data/prompt_for_syn",
    "replies": "data/generated_instr_offline",
    "triplets": "data/triplets_offline",
    "checked": "data/triplets_offline_checked",
    "run": "data/triplets_offline_run",
    "tested": "data/triplets_offline_tested",
    "mix": "data/ocedata_mix_quickstart",
    "filtered": "data/filtered/ocedata_mix_quickstart_dt_filtered",
    "fine-tune": "data/finetune/ocedata_mix_quickstart_ft",
}
print(f"\n{'':10} {'rows in':>8} {'kept':>8}  file")
for name, stem in stages.items():
    summary = json.loads(Path(f"{stem}.summary.json").read_text(encoding="utf-8"))
    print(f"{name:10} {summary['rows_in']:>8,} {summary['kept']:>8,}  {stem}.jsonl")
TABLE
cat <<'NEXT'

These rows were written by rules, to show the way; do not train on them. For real ones, set a key and
name a model of model_map.yaml in stage 2, with output files of its own:
    export DEEPSEEK_API_KEY=sk-...
    python code_generation_api.py --model_name deepseek-chat --max_samples 100 --max_cost 1 \
        --output_file data/generated_instr_ds.jsonl
then the stages after it on those files. README.md has a section for each.
NEXT
