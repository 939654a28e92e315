#!/usr/bin/env bash
# Data V5 from questions and conversations to tokenised files, one command a step, as you would type
# them. The questions are arithmetic word problems that a generator made, the conversations a few
# written by hand. Runs on this machine alone, without a model, in less than half a minute after the
# install. Can be started from any folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Set-up: a virtual environment with the pinned packages, made once.
source ./setup_venv.sh requirements.lock

# A set of questions stands in data_v5/examples/questions.jsonl: 300 problems with their steps, some
# of them there twice, of which data_v5/domains/quickstart.yaml makes a domain. A model has its own
# tokenizer, which you would take for training; here is a small one, made of the questions.
python -m data_v5.toy_tokenizer --input_file data_v5/examples/questions.jsonl \
    --output_dir data/data_v5/tokenizer

# Step 1, select: find clusters of similar questions, and draw from each by its size ...
python -m data_v5.select_data --domain quickstart -n 120 \
    --cluster_path data/quickstart_cluster.json \
    --sample_question_path data/quickstart_question.jsonl

# ... step 2, few shots: find the five questions nearest to each ...
python -m data_v5.few_shot_sample --domain quickstart

# ... step 3, word: put them before it as examples, in the words that the domain asks for ...
python -m data_v5.fewshot_to_prompt --domain quickstart --dir data/few-shot

# ... and step 4, check: keep what fits in the model's context.
python -m data_v5.check_length --domain quickstart --tokenizer data/data_v5/tokenizer \
    --max_seq_length 2048

# Step 5, conversations: walk the trees of messages from the first prompt to each last answer ...
python -m data_v5.prepare_chat --input_file data_v5/examples/trees.jsonl --lang en \
    --output_file data/data_v5/chat.jsonl

# ... make a row of each answer, with all that was said before as its input, and check those too.
python -m data_v5.chat_2_seq2seq --input_file data/data_v5/chat.jsonl \
    --output_file data/data_v5/chat_seq2seq.jsonl
python -m data_v5.check_length --domain chat --tokenizer data/data_v5/tokenizer \
    --max_seq_length 1024

# Step 6, tokenise: both together, a part set aside for testing, the prompts masked in the labels.
python -m data_v5.prepare_synthetic --tokenizer data/data_v5/tokenizer --domains chat,quickstart \
    --input_data_path data/data_v5/raw_data --destination_path data/data_v5/tokenized/quickstart \
    --max_seq_length 2048 --mask_inputs --output_format parquet jsonl

# LitGPT's .pt files hold the same; PyTorch writes them, where it is installed. All files of a folder
# are of one run, so the others are named again.
if python -c 'import torch' 2>/dev/null; then
    python -m data_v5.prepare_synthetic --tokenizer data/data_v5/tokenizer \
        --domains chat,quickstart --input_data_path data/data_v5/raw_data \
        --destination_path data/data_v5/tokenized/quickstart --max_seq_length 2048 --mask_inputs \
        --output_format parquet jsonl pt
fi

# Look at it: a cluster, a question with its few shots, and a tokenised row.
python -m data_v5.show_sample --domain quickstart --tokenizer data/data_v5/tokenizer \
    --tokenized_file data/data_v5/tokenized/quickstart/train.parquet

cat <<'NEXT'

This shows the way; the word problems teach a model nothing. The domains in data_v5/domains name
real sources, which are downloaded from the Hugging Face Hub:
    python -m data_v5.select_data --domain math -n 20000
data_v5/README.md has a section for each step, and says how to write a domain of your own.
NEXT
