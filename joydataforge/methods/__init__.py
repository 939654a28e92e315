"""What every method stands on: its settings, rows, prompts, answers, and the run itself."""
