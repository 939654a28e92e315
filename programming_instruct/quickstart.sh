#!/usr/bin/env bash
# Programming-Instruct from nothing to training rows, one command a step, as you would type them.
# Three kinds of raw activity become samples: snippets of the standard library, the commits of this
# very repository, and a handful of submissions. Runs on this machine alone, with the embedded
# stand-in for a model; takes about a minute after the install. Can be started from any folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Set-up: a virtual environment with the pinned packages, made once.
source ./setup_venv.sh requirements.lock

# `--overwrite` starts anew each time, which costs nothing here. With a model that is paid for, leave
# it out, and continue a run that was stopped with --continue_from_error.
out=data/programming_instruct
mkdir -p "$out"

# Source 1, snippets: finished functions and classes, of which nobody has seen the way there ...
python -m programming_instruct.snippet_source stdlib --max_samples 60 \
    --output_path data/programming_instruct/code_snippets.json

# ... so a model plays programmers, novices to experts, and shows the stages of each ...
python -m programming_instruct.aiprogrammer --model_name offline --overwrite \
    --input_path data/programming_instruct/code_snippets.json \
    --output_path data/programming_instruct/aiprogrammer.json

# ... and these become samples: a history, the code now, perhaps words, the next edit and a message.
python -m programming_instruct.data_collection --data_type aiprogrammer --model_name offline \
    --overwrite --input_path data/programming_instruct/aiprogrammer.json \
    --output_path data/programming_instruct/aiprogrammer_end.json
ends=("$out/aiprogrammer_end.json")

# Source 2, commits: before, after and message. Each is taken apart into single-block edits.
if [ -e .git ] && python -m programming_instruct.commit_source git:. --max_files 4 \
    --max_samples 60 --output_path data/programming_instruct/commit.json; then
    python -m programming_instruct.data_collection --data_type commit --model_name offline \
        --overwrite --limit_one_block_prob 1.0 \
        --input_path data/programming_instruct/commit.json \
        --output_path data/programming_instruct/commit_end.json
    ends+=("$out/commit_end.json")
else
    echo "This copy has no history of its own, or too little: going on with the other two sources." >&2
fi

# Source 3, submissions: attempts at a problem, one after the other.
python -m programming_instruct.submit_source programming_instruct/submissions \
    --output_path data/programming_instruct/submit_process.json
python -m programming_instruct.data_collection --data_type submit --model_name offline \
    --overwrite --max_per_sample 3 \
    --input_path data/programming_instruct/submit_process.json \
    --output_path data/programming_instruct/submit_end.json
ends+=("$out/submit_end.json")

# Where the programmer points: a cursor, a selection or nothing, drawn in or around the change.
python -m programming_instruct.post_collection --input_path "${ends[@]}" \
    --output_path data/programming_instruct/samples.json

# Conversations for training, with a dataset_info.json for LLaMA-Factory beside them.
python -m programming_instruct.export_conversation \
    --input_path data/programming_instruct/samples.json \
    --output_path data/programming_instruct/conversations.jsonl \
    --answer_format whole location_and_change search_replace

# Look at it: one page, to open in a browser ...
python dataset_report.py data/programming_instruct/aiprogrammer.json \
    data/programming_instruct/samples.json \
    --output_file data/programming_instruct/report.html

# ... and one sample of each source here.
for file in "${ends[@]}"; do
    source="$(basename "$file" _end.json)"
    echo
    python -m programming_instruct.show_sample --data_type "$source" --max_lines 40 \
        --input_path data/programming_instruct/samples.json
done

cat <<'NEXT'

These samples were written by rules, to show the way; do not train on them. For real ones, name a
model of model_map.yaml, or of a map of your own, and larger sources:
    python -m programming_instruct.aiprogrammer --model_map model_map.json --max_cost 1
programming_instruct/README.md has a section for each step.
NEXT
