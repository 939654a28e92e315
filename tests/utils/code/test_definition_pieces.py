import pytest

from utils.code.definition_pieces import piece_groups, program_pieces
from utils.code.lines import lines_with_ends

PROGRAM = '''\
# A licence.

"""What it is for."""
import os; import sys

try:
    import fast
except ImportError:
    fast = None

LIMIT, SIZE = 3, 4


# Opens it.
@decorated
def open_all():
    return 1


class Box:
    """Holds."""
    width = 1

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        pass
# The end.
'''


def texts(code: str) -> list[str]:
    lines = lines_with_ends(code)
    return ["".join(lines[piece.start : piece.end]) for piece in program_pieces(code) or []]


def test_the_pieces_of_a_file_leave_no_line_out():
    assert "".join(texts(PROGRAM)) == PROGRAM


def test_a_class_is_its_head_and_what_is_in_it_with_comments_and_decorators():
    pieces = texts(PROGRAM)
    assert pieces[0] == "# A licence.\n\n"
    assert pieces[5] == "# Opens it.\n@decorated\ndef open_all():\n    return 1\n\n\n"
    assert pieces[6] == 'class Box:\n    """Holds."""\n'
    assert pieces[8].startswith("    @property\n    def size(self):")
    assert [piece.owner for piece in program_pieces(PROGRAM) or []] == [None] * 7 + [6] * 3


def test_imports_names_and_definitions_of_one_name_are_known():
    pieces = program_pieces(PROGRAM) or []
    assert [number for number, piece in enumerate(pieces) if piece.is_import] == [2, 3]
    assert pieces[4].names == {"LIMIT", "SIZE"} and pieces[5].names == {"open_all"}
    assert piece_groups(pieces) == [[8, 9]]


def test_a_class_on_one_line_is_one_piece():
    assert texts("class A: x = 1; y = 2\nz = 3\n") == ["class A: x = 1; y = 2\n", "z = 3\n"]


@pytest.mark.parametrize("code", ["def (\n", "x = 1\ry = 2\n", "", "x = '\0'\n"])
def test_what_can_not_be_cut_up_has_no_pieces(code):
    assert program_pieces(code) is None
