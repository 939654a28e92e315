import pytest

from tests.linear_time import grows_linearly
from utils.replies.thoughts import MARKS, Spoken, split_thoughts

THOUGHT = "The user wants a sum. I should name sum()."
ANSWER = "Use sum(values)."
# How each family of models writes a thought and an answer below it.
FORMS = {
    "<think>": f"<think>\n{THOUGHT}\n</think>\n\n{ANSWER}",
    "<thinking>": f"<thinking>{THOUGHT}</thinking>\n{ANSWER}",
    "<THINK>": f"<THINK>{THOUGHT}</THINK>\n{ANSWER}",
    "<seed:think>": f"<seed:think>{THOUGHT}</seed:think>{ANSWER}",
    "<mm:think>": f"<mm:think>\n{THOUGHT}\n</mm:think>\n{ANSWER}",
    "<longcat_think>": f"<longcat_think>\n{THOUGHT}\n</longcat_think>\n{ANSWER}",
    "<think> and <answer>": f"<think>\n{THOUGHT}\n</think>\n<answer>\n{ANSWER}\n</answer>",
    "<thought>": f"<thought>\n{THOUGHT}\n</thought>\n{ANSWER}",
    "<Thought> and <Output>": f"<Thought>\n{THOUGHT}\n</Thought>\n<Output>\n{ANSWER}\n</Output>",
    "<reasoning>": f"<reasoning>{THOUGHT}</reasoning>\n<answer>{ANSWER}</answer>",
    "<reflection>": f"<reflection>{THOUGHT}</reflection>\n{ANSWER}",
    "Kimi": f"◁think▷\n{THOUGHT}\n◁/think▷\n{ANSWER}",
    "Magistral": f"[THINK]{THOUGHT}[/THINK]{ANSWER}",
    "harmony": f"<|channel|>analysis<|message|>{THOUGHT}<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{ANSWER}",
    "harmony from the start": f"<|start|>assistant<|channel|>analysis<|message|>{THOUGHT}<|end|>\n"
    f"<|start|>assistant<|channel|>final <|constrain|>text<|message|>{ANSWER}",
    "harmony without marks": f"analysis{THOUGHT}assistantfinal{ANSWER}",
    "Sky-T1": f"<|begin_of_thought|>\n{THOUGHT}\n<|end_of_thought|>\n\n"
    f"<|begin_of_solution|>\n{ANSWER}",
    "Sky-T1, the thought unclosed": f"<|begin_of_thought|>{THOUGHT}<|begin_of_solution|>{ANSWER}",
    "Cohere": f"<|START_THINKING|>{THOUGHT}<|END_THINKING|><|START_RESPONSE|>{ANSWER}",
    "MedGemma": f"<unused94>thought\n{THOUGHT}<unused95>{ANSWER}",
    "Gemma 4": f"<|channel>thought\n{THOUGHT}\n<channel|>{ANSWER}",
    "<|thinking|>": f"<|thinking|>{THOUGHT}<|/thinking|>{ANSWER}",
    "<|think|>": f"<|think|>{THOUGHT}<|/think|>{ANSWER}",
    "Apertus": f"<|inner_prefix|>{THOUGHT}<|inner_suffix|>{ANSWER}",
    "Granite": f"Here is my thought process:\n{THOUGHT}\n\nHere is my response:\n{ANSWER}",
}
NEEDS_ITS_BEGINNING = ("<reflection>", "Granite")
ENDS = {
    "<think>": "</think>",
    "<seed:think>": "</seed:think>",
    "<mm:think>": "</mm:think>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "Kimi": "◁/think▷",
    "Magistral": "[/THINK]",
    "harmony": "<|end|><|start|>assistant<|channel|>final<|message|>",
    "harmony without marks": "assistantfinal",
    "Sky-T1": "<|end_of_thought|>",
    "Cohere": "<|END_THINKING|>",
    "MedGemma": "<unused95>",
    "Gemma 4": "<channel|>",
    "<|thinking|>": "<|/thinking|>",
    "Apertus": "<|inner_suffix|>",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_thought_is_parted_from_its_answer(form: str) -> None:
    answer, reasoning, is_cut_off = split_thoughts(FORMS[form])
    assert (answer.strip(), reasoning, is_cut_off) == (ANSWER, THOUGHT, False)


@pytest.mark.parametrize("form", FORMS)
def test_a_thought_that_is_never_closed_leaves_no_answer(form: str) -> None:
    begun = FORMS[form].partition(THOUGHT)[0] + THOUGHT
    assert split_thoughts(begun) == ("", THOUGHT, True)
    assert split_thoughts(f"{begun}\n\n{ANSWER}").is_cut_off


@pytest.mark.parametrize("form", ENDS)
def test_a_thought_that_the_template_opened_ends_at_its_mark(form: str) -> None:
    answer, reasoning, is_cut_off = split_thoughts(f"{THOUGHT}{ENDS[form]}{ANSWER}")
    assert (answer, reasoning, is_cut_off) == (ANSWER, THOUGHT, False)


def test_every_mark_of_the_table_is_among_the_forms() -> None:
    alone = [mark for mark in MARKS if mark.alone]
    assert len(MARKS) == len(alone) + len(NEEDS_ITS_BEGINNING)
    assert len({split_thoughts(text).reasoning for text in FORMS.values()}) == 1


def test_several_thoughts_are_kept_and_what_stands_between_them_is_answer() -> None:
    reply = "<think>one</think>\nA\n<think>two</think>\nB\n" * 20
    answer, reasoning, _ = split_thoughts(reply)
    assert answer.split() == ["A", "B"] * 20
    assert reasoning == "\n\n".join(["one", "two"] * 20)


@pytest.mark.parametrize(
    "reply",
    [
        ANSWER,
        '```python\nSTART = "<think>"\nEND = """\n</think>\n"""\n```\nDone.',
        "```python\nX = '''\n<think>\n<|channel|>final\n'''\n```",
        "An end in quotes, '</think>' or `</think>`, ends nothing.",
        'print("closes </think>")',
        "`<think>` opens a thought; so does a tag <think> within a line.",
        "analysisResult = load(path)\nfinal = analysisResult",
        "Here is my response:\nIt is a channel of analysis and thought.",
        "<answer>Yes.</answer>",
        "if a <channel and b: think()",
    ],
)
def test_what_is_no_thought_stays_as_it_is(reply: str) -> None:
    assert split_thoughts(reply) == Spoken(reply, "")


def test_code_in_a_thought_opens_no_code() -> None:
    reply = f"<think>\n```python\nx = '</think>'\n```\n```\n</think>\n```\n<think>\n```\n{ANSWER}"
    answer, reasoning, is_cut_off = split_thoughts(reply)
    assert answer == f"```\n<think>\n```\n{ANSWER}" and not is_cut_off
    assert reasoning.startswith("```python")


@pytest.mark.parametrize("answer", ["`sum` adds.", '"Paris"', "'Tis so.", "```python\nx\n```"])
def test_an_answer_may_begin_with_quotes(answer: str) -> None:
    assert split_thoughts(f"<think>It's so.</think>{answer}").answer == answer


def test_an_answer_ends_at_the_last_of_its_ends() -> None:
    reply = "<think>a</think><answer>x = '</answer>'\nDone.</answer>\nBye."
    assert split_thoughts(reply).answer == "x = '</answer>'\nDone."
    assert split_thoughts("<think>a</think><answer>Cut").answer == "Cut"


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "<think>\n",
            "</think>\n",
            "<think>a</think>\n",
            "```\n<think>\n",
            "<answer>",
            "analysis",
        ),
        *("<think>\n```\n</think>\n", "<|channel|>", "<|start|>assistant<|channel|>final ", "<"),
        *(
            "assistantfinal",
            "<|end|> ",
            "<|START_THINKING|>",
            " ",
            "\n  ",
            "</reasoning>",
            "[THINK]",
        ),
    ],
)
def test_marks_without_end_are_read_in_linear_time(unit: str) -> None:
    def split(noise: str) -> None:
        for reply in (f"think {noise}", f"<think>{noise}</think>{noise}", f"```\n{noise}"):
            split_thoughts(reply)

    assert grows_linearly(split, unit)
