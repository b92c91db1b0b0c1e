from __future__ import annotations

import json

import pytest

from core.exporters.places import Row
from core.exporters.shape import Format
from core.exporters.texts import BrokenText, Drop, Put, read_tree
from tests import text_documents

ZED = """\
// Zed settings
{
  "theme": "One Dark", /* mine */
  "language_models": {
    "openai_compatible": {
      // a comment
      "Local": {
        "api_url": "http://h/v1",
        "available_models": [
          { "name": "a", "max_tokens": 1e5 } // first
        ],
      },
    },
  },
}
"""
LOCAL = ("language_models", "openai_compatible", "Local")


def changed(text: str, *edits: Put | Drop) -> str:
    return text_documents.changed(text, *edits, file_format=Format.JSON)


def test_a_row_of_json_is_added_and_removed_without_a_trace() -> None:
    place = (*LOCAL, "available_models", Row.of(name="b"))
    edited = changed(ZED, Put(place, {"name": "b", "capabilities": {"tools": True}}))
    assert edited == ZED.replace(
        "} // first\n",
        '}, // first\n          {\n            "name": "b",\n            "capabilities": {\n'
        '              "tools": true\n            }\n          }\n',
    )
    assert changed(edited, Drop(place)) == ZED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "k": "v"\n}\n'),
        ("// c\n", '// c\n{\n  "k": "v"\n}\n'),
        ("{}", '{\n  "k": "v"\n}'),
        ("{\n}\n", '{\n  "k": "v"\n}\n'),
        ("{\n  // c\n}\n", '{\n  // c\n  "k": "v"\n}\n'),
        ('{"a": 1}', '{"a": 1, "k": "v"}'),
        ('{"a":1,"b":2}', '{"a":1,"b":2,"k":"v"}'),
        ('{ "a": 1 }', '{ "a": 1, "k": "v" }'),
        ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"k": "v"\n}'),
        ('{\n\t"a": 1,\n}', '{\n\t"a": 1,\n\t"k": "v",\n}'),
        ('{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "k": "v"\r\n}\r\n'),
        ('{\n  "a": 1 // c, d\n}\n', '{\n  "a": 1, // c, d\n  "k": "v"\n}\n'),
        ('{\n  "a": 1 /* c */ // d\n}\n', '{\n  "a": 1, /* c */ // d\n  "k": "v"\n}\n'),
        ('{\n  "a": "http://x"\n}\n', '{\n  "a": "http://x",\n  "k": "v"\n}\n'),
        ('\ufeff{\n  "a": 1\n}\n', '\ufeff{\n  "a": 1,\n  "k": "v"\n}\n'),
        ('{\n  "k": {"x": 1}, // c\n  "a": 1\n}', '{\n  "k": "v", // c\n  "a": 1\n}'),
    ],
)
def test_a_field_is_written_into_every_kind_of_object(before: str, after: str) -> None:
    assert changed(before, Put(("k",), "v")) == after


@pytest.mark.parametrize(
    "text",
    [
        '{\r\n  "a": 1\n}\n',
        '{\r\n  "a": 1,\n}\n',
        '{\r\n  "a": 1, // c\n  // d\r\n}\n',
        '{\n  "a": 1\r\n}\n',
    ],
)
def test_a_line_keeps_its_own_break_beside_one_that_comes_and_goes(text: str) -> None:
    edited = changed(text, Put(("k",), "v"))
    behind = text.split('"a": 1')[1].removeprefix(",")
    assert '"a": 1,' + behind[: behind.index("\n") + 1] in edited
    assert '"k": "v"' in edited
    assert changed(edited, Drop(("k",))) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"a": 1, "k": 2}', '{"a": 1}'),
        ('{"k": 2, "a": 1}', '{"a": 1}'),
        ('{ "k": 2 }', "{}"),
        ('{\n  "a": 1,\n  "k": 2\n}', '{\n  "a": 1\n}'),
        ('{\n  "a": 1, // c\n  "k": {\n    "x": 1\n  } // d\n}', '{\n  "a": 1 // c\n}'),
        ('{\n  "a": 1,\n  "k": 2,\n}', '{\n  "a": 1,\n}'),
        ('{\n  // c\n  "k": 2 // d\n}', "{\n  // c\n}"),
        ('{"a": 1 /* c */, "k": 2 /* d */}', '{"a": 1 /* c */ /* d */}'),
    ],
)
def test_a_field_goes_with_its_comma(before: str, after: str) -> None:
    assert changed(before, Drop(("k",))) == after


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ('{"a": 1,\n "a": 2}', "given twice", 2, 2),
        ('{\n  "a": 1\n  "b": 2}', "comma", 3, 3),
        ('{"a": [1, 2', "line 1", 1, 12),
        ("{'a': 1}", "double quotes", 1, 2),
        ('{"a": 01}', "a value", 1, 7),
        ('{"a": NaN}', "a value", 1, 7),
        ('{"a": "x\n"}', "not closed", 1, 7),
        ('{"a": "\\x"}', "backslash", 1, 7),
        ('{"a": 1} x', "behind the end", 1, 10),
        ("/* c", "not closed", 1, 1),
        ("{,}", "double quotes", 1, 2),
        ("[1,,2]", "a value", 1, 4),
        ("[" * 200, "nested more than", 1, 101),
        ('{"a": ' + "9" * 5000 + "}", "too long", 1, 7),
    ],
)
def test_a_broken_json_text_is_refused_with_words_and_a_place(text: str, words: str, line: int, column: int) -> None:
    with pytest.raises(BrokenText) as caught:
        read_tree(text, Format.JSON)
    assert words in caught.value.words
    assert (caught.value.line, caught.value.column) == (line, column)


def test_strict_json_stays_strict() -> None:
    text = json.dumps({"models": [{"name": "a"}], "x": [1, 2]}, indent=2)
    for edits in (
        [Put(("models", Row.of(name="b")), {"name": "b"})],
        [Drop(("x",))],
        [Drop(("models", Row.of(name="a")))],
    ):
        json.loads(changed(text, *edits))


JSON5 = {
    "a key without quotes": ('{\n openai: {"mode": "chat"}}', 2),
    "a key with a dollar": ("{$a_1 : 1}", 1),
    "a key in single quotes": ("{'a': 1}", 1),
    "a text in single quotes": ('{"a": \'b "c"\'}', 1),
    "a line that goes on": ('{"a": "b \\\n c"}', 1),
    "an escape": ('{"a": "it\\\'s \\x41"}', 1),
    "a tab in a text": ('{"a": "\t"}', 1),
    "hexadecimal": ('{"a": 0x1F}', 1),
    "a point at an end": ('{"a": 5.}', 1),
    "a point at the start": ('{"a": .5}', 1),
    "a plus": ('{"a": +1}', 1),
    "no number": ('[\n NaN,\n -Infinity]', 2),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), JSON5.values(), ids=JSON5)
def test_what_json5_has_more_than_json_is_told_from_what_is_broken(text: str, line: int) -> None:
    with pytest.raises(BrokenText) as caught:
        read_tree(text, Format.JSON)
    assert caught.value.is_json5
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    ["{a}", "{'a: 1}", '{"a": 01}', '{"a": "\\u12"}', '{"a": "\\1"}', '{"a": "b\n"}', '{"a": undefined}', '{"a" 1}',
     '{"a": 1', "[1,,2]", '{"a": 0x}', "[1 2]", '{"a": 1, "a": 2}', "{1: 2}"],
)  # fmt: skip
def test_what_no_json5_would_be_either_is_broken(text: str) -> None:
    with pytest.raises(BrokenText) as caught:
        read_tree(text, Format.JSON)
    assert not caught.value.is_json5
