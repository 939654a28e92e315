from utils.finetune.shares import ShareTable


def table_of(*rows: tuple[dict, bool]) -> ShareTable:
    table = ShareTable()
    for row, is_kept in rows:
        table.add(row, is_kept)
    return table


def test_a_share_is_of_the_rows_that_have_the_field() -> None:
    rows = [({"topic": n % 2}, n > 1) for n in range(6)]
    figures = table_of(*rows, ({"instr_type": "a"}, True)).figures()
    assert figures == {
        "topic": {
            "0": {"rows": [3, 2], "share": [0.5, 0.5]},
            "1": {"rows": [3, 2], "share": [0.5, 0.5]},
        }
    }


def test_nothing_is_said_where_no_row_or_every_row_was_dropped() -> None:
    assert list(table_of(({"topic": 1}, True)).lines()) == []
    assert list(table_of(({"topic": 1}, False)).lines()) == []


def test_many_groups_are_named_only_where_they_moved() -> None:
    rows = [({"topic": n % 8}, n != 0) for n in range(400)]
    assert list(table_of(*rows).lines()) == [
        ("topic before and after the dropped rows: no share moved", False)
    ]
    rows = [({"topic": n % 8}, n % 8 != 3 or n < 50) for n in range(400)]
    [(line, has_moved)] = table_of(*rows).lines()
    assert has_moved and "3 12.5% -> " in line and "; 1 moved by more than 2 points" in line


def test_names_that_a_terminal_would_obey_are_shown_escaped() -> None:
    odd = "\x1b[31m\ud800" + "x" * 500
    [(line, _)] = table_of(({"edit_kind": odd}, False), ({"edit_kind": odd}, True)).lines()
    assert line.isprintable() and len(line) < 200 and r"\x1b[31m\ud800x" in line
