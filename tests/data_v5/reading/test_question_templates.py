from data_v5.reading.question_templates import fill_template, template_places


def test_places_are_names_and_paths_in_braces() -> None:
    assert template_places("{a} {b.c} {a} {0} {} { d } {e!r} \\frac{1}{2}") == ["a", "b.c"]


def test_a_value_is_not_searched_for_places() -> None:
    assert fill_template("{a}{b}", {"a": "{b}", "b": "{a}"}.__getitem__) == "{b}{a}"


def test_a_line_with_an_empty_place_beside_a_full_one_stays() -> None:
    values = {"a": "", "b": "x"}
    assert fill_template("{a}\n{a}: {b}\nend", values.__getitem__) == ": x\nend"


def test_a_line_without_places_stays() -> None:
    assert fill_template("one\n\ntwo", {}.__getitem__) == "one\n\ntwo"
