import pytest

from tests.linear_time import grows_linearly
from utils.errors import PipelineError
from utils.finetune.chat_format import TrainingConversation
from utils.finetune.preflight import (
    BATCH,
    LengthGauge,
    Preflight,
    RowLength,
    UnsafeText,
    count_packs,
    quantiles,
)
from utils.token_counts import TokenEstimate


def kinds(user="u", system="s", answer="a", special_tokens=()):
    return UnsafeText(special_tokens).kinds(TrainingConversation(system, user, answer))


@pytest.mark.parametrize(
    "text",
    ["<|im_end|>", "<|eot_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<pad>", "<think>",
     "<start_of_turn>", "<｜end▁of▁sentence｜>", "<<SYS>>", "<fim_middle>"],
)  # fmt: skip
def test_control_tokens_are_found_in_every_turn(text):
    for turn in ("user", "system", "answer"):
        assert kinds(**{turn: f"x{text}y"}) == ["control_token"]


@pytest.mark.parametrize(
    "text",
    ["a < b | c > d", "x <= y", "<|", "if a<s>b:"[:6], "list[int]", "a[INSTALL]", "<span>",
     "{x}", "{{", "f'{{x}'", "<images>"],
)  # fmt: skip
def test_plain_code_is_safe(text):
    assert kinds(user=text, answer=text) == []


def test_placeholders_of_media_are_found():
    assert kinds(answer="<image>") == kinds(user="<audio>") == ["media_placeholder"]


def test_the_turn_number_and_other_braces_count_in_the_user_turn_alone():
    assert kinds(user="{{idx}}") == ["turn_number_placeholder"]
    assert kinds(user="{{ name }}") == ["handlebars"]
    assert kinds(user="{{idx}} {{#if x}}") == ["turn_number_placeholder", "handlebars"]
    assert kinds(answer="{{idx}} {{name}}") == []


def test_the_tokenizers_own_special_tokens_are_found_as_they_are():
    own = ["<own>", "▁x.", " "]
    assert kinds(user="<own>", special_tokens=own) == ["control_token"]
    assert kinds(user="▁x.", special_tokens=own) == ["control_token"]
    assert kinds(user="▁xy <owner>", special_tokens=own) == []


@pytest.mark.parametrize("unit", ["<|", "{{", "<|{{"])
def test_a_hostile_text_is_read_in_linear_time(unit):
    assert grows_linearly(lambda text: kinds(user=text), unit)


PLAIN = TrainingConversation("", "u", "a")


def preflight(too_long="keep", unsafe_text="keep", cutoff_len=100):
    return Preflight(TokenEstimate(), cutoff_len, too_long=too_long, unsafe_text=unsafe_text)


def test_a_row_is_its_texts_and_what_the_template_adds():
    gauge = LengthGauge(TokenEstimate(), opening="<think>\n\n</think>\n\n")
    with_system = TrainingConversation("s" * 40, "u" * 80, "a" * 20)
    assert gauge.measure([with_system, with_system._replace(system="")]) == [
        RowLength(10 + 20 + 5 + 3 * 5 + 5, 6),
        RowLength(20 + 5 + 2 * 5 + 5, 6),
    ]


def test_a_stream_is_measured_in_order_and_a_batch_at_a_time():
    gauge = LengthGauge(TokenEstimate())
    taken = []
    rows = (taken.append(number) or number for number in range(BATCH * 2 + 1))
    measured = gauge.measure_stream(rows, lambda number: PLAIN._replace(user="u" * 4 * number))
    assert next(measured) == (0, RowLength(0 + 1 + 2 * 5, 2))
    assert len(taken) == BATCH
    assert [(n, length.total - 11) for n, length in measured] == [
        (n, n) for n in range(1, BATCH * 2 + 1)
    ]


def test_rows_that_reach_the_cutoff_are_counted_kept_or_dropped():
    for too_long, fault in (("keep", None), ("drop", "too_long"), ("error", None)):
        judge = preflight(too_long)
        assert judge.find_fault(PLAIN, RowLength(99, 1)) is None
        assert judge.find_fault(PLAIN, RowLength(100, 1)) == fault
        assert judge.figures()["too_long"] == 1


def test_too_long_rows_are_an_error_where_that_is_asked_for():
    judge = preflight("error")
    judge.check()
    judge.find_fault(PLAIN, RowLength(1234, 1))
    with pytest.raises(PipelineError, match="1 rows reach 100 tokens, the longest has 1,234"):
        judge.check()


def test_unsafe_rows_are_counted_by_kind_and_dropped_by_the_first():
    for unsafe_text, fault in (("keep", None), ("drop", "control_token")):
        judge = preflight(unsafe_text=unsafe_text)
        unsafe = TrainingConversation("", "<s> {{idx}}", "a")
        assert judge.find_fault(unsafe, RowLength(1, 1)) == fault
        assert judge.figures()["unsafe_text"] == {
            "control_token": 1,
            "media_placeholder": 0,
            "turn_number_placeholder": 1,
            "handlebars": 0,
        }


def test_the_figures_tell_lengths_packing_and_tokens_by_source():
    judge = preflight()
    for total, trainable, source in ((60, 10, "b"), (40, 20, "a"), (90, 30, "a"), (200, 5, "b")):
        judge.add(RowLength(total, trainable), source)
    figures = judge.figures()
    assert figures["tokens"] == 390
    assert figures["lengths"] == {"min": 40, "p50": 60, "p90": 90, "p99": 90, "max": 200}
    assert figures["packing"] == {"sequences": 3, "efficiency": round(290 / 300, 4)}
    assert figures["sources"] == {
        "a": {"rows": 2, "trainable_tokens": 50},
        "b": {"rows": 2, "trainable_tokens": 15},
    }


def test_no_rows_have_no_lengths():
    assert quantiles([]) == {}
    assert preflight().figures()["packing"] == {"sequences": 0, "efficiency": 0.0}


@pytest.mark.parametrize(
    ("lengths", "packs"), [([], 0), ([10], 1), ([6, 4, 5, 5], 2), ([6, 6, 6], 3), ([1] * 25, 3)]
)
def test_rows_are_packed_the_longest_first(lengths, packs):
    assert count_packs(lengths, 10) == packs
