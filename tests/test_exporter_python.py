from __future__ import annotations

import pytest

from core.exporters.places import Row
from core.exporters.shape import Format
from core.exporters.texts import BrokenText, CannotEdit, Drop, Put, edit_text, read_tree
from tests import text_documents

SNIPPET = """\
\"\"\"Mine.\"\"\"

# --- muster: imports
from pydantic_ai import Agent
# --- end

# --- muster: gpt
gpt = Agent()
# --- end

print(gpt)
"""


def changed(text: str, *edits: Put | Drop) -> str:
    return text_documents.changed(text, *edits, file_format=Format.PYTHON)


def test_blocks_of_code_are_read_put_and_dropped_with_the_rest_left_alone() -> None:
    assert read_tree(SNIPPET, Format.PYTHON) == {"imports": "from pydantic_ai import Agent", "gpt": "gpt = Agent()"}
    edited = changed(SNIPPET, Put(("new",), "new = 1\n\nnew = 2"))
    assert edited == SNIPPET + "\n# --- muster: new\nnew = 1\n\nnew = 2\n# --- end\n"
    assert changed(edited, Drop(("new",))) == SNIPPET
    assert changed(SNIPPET, Put(("gpt",), "gpt = 2")) == SNIPPET.replace("Agent()", "2")


def test_imports_come_first_in_a_new_file_and_in_one_that_has_none() -> None:
    edits = [Put(("m",), "m = 1"), Put(("imports",), "import x")]
    new = changed("", *edits)
    assert new == "# --- muster: imports\nimport x\n# --- end\n\n# --- muster: m\nm = 1\n# --- end\n"
    without_imports = changed(SNIPPET, Drop(("imports",)))
    assert changed(without_imports, Put(("imports",), "from pydantic_ai import Agent")) == SNIPPET


def test_windows_line_breaks_stay_in_a_snippet() -> None:
    text = SNIPPET.replace("\n", "\r\n")
    edited = changed(text, Put(("gpt",), "a\nb"))
    assert edited == text.replace("gpt = Agent()", "a\r\nb")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x\n# --- muster: a\n", 2),
        ("# --- end\n", 1),
        ("# --- muster: a\n# --- muster: b\n# --- end\n# --- end\n", 2),
        ("# --- muster: a\n# --- end\n# --- muster: a\n# --- end\n", 3),
    ],
)
def test_marks_that_do_not_match_are_refused(text: str, line: int) -> None:
    with pytest.raises(BrokenText) as caught:
        read_tree(text, Format.PYTHON)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "edit",
    [
        Put(("a",), "# --- end"),
        Put(("a\nb",), "x"),
        Put(("a",), 1),
        Put(("a", "b"), "x"),
        Put((Row.of(x=1),), {"x": 1}),
    ],
)
def test_code_that_would_break_the_marks_is_refused(edit: Put) -> None:
    with pytest.raises(CannotEdit):
        edit_text(SNIPPET, Format.PYTHON, [edit])
