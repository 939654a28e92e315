#!/usr/bin/env bash
# All methods of joydataforge on fifty example questions, one command a step, as you would type them.
# Runs on this machine alone, with the embedded stand-in for the models; takes about a minute after
# the install. Can be started from any folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Set-up: a virtual environment with the pinned packages, made once.
source ./setup_venv.sh requirements.lock

# Each method reads its YAML in joydataforge/configs/, which explains its keys and holds its prompts.
# All write to data/joydataforge/, and most read joydataforge/examples/questions.jsonl.
# `--overwrite` starts anew each time, which costs nothing here. With models that are paid for, leave
# it out, and continue a run that was stopped with --continue_from_error.

# One model answers every question. Its answers are saved as a cache ...
python -m joydataforge.synthesize --config joydataforge/configs/single.yaml --overwrite \
    --is_save_caches --save_cache_path data/joydataforge/caches/single.jsonl

# ... so that the same questions, asked by another run, cost nothing: no token goes in or out.
python -m joydataforge.synthesize --config joydataforge/configs/single.yaml --overwrite \
    --data_cache_path data/joydataforge/caches/single.jsonl \
    --data_write_file_name single_from_cache.jsonl

# One model invents questions and answers, from lists of topics, audiences and kinds of question ...
python -m joydataforge.synthesize --config joydataforge/configs/synthesis_directly.yaml --overwrite

# ... or words each question anew, twice.
python -m joydataforge.synthesize --config joydataforge/configs/case_rewrite.yaml --overwrite

# Three models label every question, and the majority decides. How far they agree is in
# data/joydataforge/vote.summary.json.
python -m joydataforge.vote --config joydataforge/configs/vote.yaml --overwrite

# The same for the medical questions; what got one of three labels goes to a stronger model as well.
python -m joydataforge.vote --config joydataforge/configs/vote_and_pipeline.yaml --overwrite

# Models in roles: one drafts an answer, one criticises it, one revises it ...
python -m joydataforge.joint --config joydataforge/configs/joint_revise.yaml --overwrite

# ... or three propose four answers, and a fourth model picks one.
python -m joydataforge.joint --config joydataforge/configs/joint_pick.yaml --overwrite

# Questions evolve, two rounds in depth or in breadth, and are scored by how hard they are ...
python -m joydataforge.wizard --config joydataforge/configs/wizard.yaml --overwrite

# ... and so do instructions for editing a program, which itself stays as it is.
python -m joydataforge.wizard --config joydataforge/configs/wizard_code_edit.yaml --overwrite

# A model is given the beginning of its own chat template, and what it writes there is a question.
python -m joydataforge.magpie --config joydataforge/configs/magpie.yaml --overwrite

# Four answers to every question, compared by a judge: pairs of a better and a worse one, for DPO.
python -m joydataforge.dpo --config joydataforge/configs/dpo.yaml --overwrite

# No model from here on. Of questions that nearly repeat each other the first one stays ...
python -m joydataforge.minhash_filter --input_file joydataforge/examples/questions.jsonl \
    --output_file data/joydataforge/distinct.jsonl

# ... and of the evolved ones the 20 that leave no other one far from all of them.
python -m joydataforge.k_center --input_file data/joydataforge/wizard.jsonl \
    --output_file data/joydataforge/chosen.jsonl --size 20

# How diverse are all of these? One table, and one figure in data/joydataforge/diversity/.
python -m joydataforge.evaluate_diversity --output_dir data/joydataforge/diversity --input_files \
    joydataforge/examples/questions.jsonl data/joydataforge/case_rewrite.jsonl \
    data/joydataforge/wizard.jsonl data/joydataforge/chosen.jsonl data/joydataforge/magpie.jsonl \
    data/joydataforge/synthesis_directly.jsonl

# Look at it: one page, to open in a browser.
python dataset_report.py data/joydataforge/single.jsonl data/joydataforge/vote.jsonl \
    data/joydataforge/joint_pick.jsonl data/joydataforge/wizard.jsonl \
    data/joydataforge/magpie.jsonl data/joydataforge/preferences.jsonl \
    --diversity data/joydataforge/diversity/diversity.json \
    --output_file data/joydataforge/report.html

cat <<'NEXT'

These rows were written by rules, to show the way; do not train on them. For real ones, copy a YAML,
name your models in it and your file, and try the first 20 rows:
    python -m joydataforge.vote --config my_vote.yaml --threshold 20 --max_cost 1
joydataforge/README.md has a section for each step.
NEXT
