from __future__ import annotations

import pytest
import yaml

from core.exporters.places import Item, Place, Row
from core.exporters.shape import Format
from core.exporters.texts import BrokenText, CannotEdit, Drop, Put, edit_text, read_tree
from core.settings_values import same_value
from tests import text_documents

LITELLM = """\
# our proxy
model_list:
  - model_name: a   # the first
    litellm_params:
      model: "openai/x"   # as served

  # between
  - model_name: b
    litellm_params: {model: y, api_base: "z"}
    model_info: {}

# the rest
litellm_settings:
  drop_params: true
"""
A, B, C = (("model_list", Row.of(model_name=name)) for name in "abc")


def changed(text: str, *edits: Put | Drop) -> str:
    return text_documents.changed(text, *edits, file_format=Format.YAML)


def test_a_new_row_stands_behind_the_others_in_their_style_and_goes_without_a_trace() -> None:
    row = {"model_name": "c", "litellm_params": {"model": "q", "tags": ["x"]}, "model_info": {}}
    edited = changed(LITELLM, Put(C, row))
    assert edited == LITELLM.replace(
        "    model_info: {}\n",
        "    model_info: {}\n\n  - model_name: c\n    litellm_params:\n      model: q\n      tags:\n        - x\n"
        "    model_info: {}\n",
    )
    assert changed(edited, Drop(C)) == LITELLM


@pytest.mark.parametrize(
    "text",
    [
        "m:\n- id: a\n\n- id: b\nn: 1\n",
        "m:\n  - id: a\n\n  - id: b\n# n's\nn: 1\n",
        "m:\n  - id: a\n\n  - id: b\n    # b's\nn: 1\n",
        "m:\r\n- id: a\r\n\r\n- id: b\r\nn: 1",
        "m:\n- id: a\n\n- id: b\n...\n",
        "m:\n- id: a\n\n- id: b\n\n\nn: 1\n",
        "m:\n- id: a\n\n- id: b\n  t: |+\n    x\n\nn: 1\n",
        "m:\n- id: a\n- id: b\n  t: |+\n    x\n\nn: 1\n",
        "m:\n- id: a\n\n- id: b\n  t: |\n    x\n\nn: 1\n",
    ],
)
def test_rows_apart_from_others_go_with_the_blank_lines_that_came_with_them(text: str) -> None:
    c, d = (Put(("m", Row.of(id=name)), {"id": name}) for name in "cd")
    with_c = changed(text, c)
    assert changed(with_c, Drop(c.place)) == text
    with_both = changed(with_c, d)
    assert changed(with_both, Drop(c.place), Drop(d.place)) == text
    assert changed(changed(with_both, Drop(d.place)), Drop(c.place)) == text
    assert changed(changed(with_both, Drop(c.place)), Drop(d.place)) == text
    assert changed(with_both, Drop(c.place), Drop(d.place), c, d) == with_both


def test_a_section_apart_from_others_goes_with_the_blank_line_that_came_with_it() -> None:
    for text in ("a: 1\n\nb: 2\n# tail\n", "---\na: 1\n\nb: 2\n...\n", "x:\n  a: 1\n\n  b: 2\ny: 1\n"):
        place: Place = ("x", "k") if text.startswith("x") else ("k",)
        edited = changed(text, Put(place, [1]))
        assert "b: 2\n\n" in edited
        assert changed(edited, Drop(place)) == text


@pytest.mark.parametrize("head", ["|", "|-", "|+", ">", ">-", ">+", "|2"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_text_of_several_lines_that_ends_without_a_break_stays_as_it_is(head: str, newline: str) -> None:
    text = f"m:\n- id: a\nrules: {head}\n  be nice\n  always".replace("\n", newline)
    place: Place = ("m", Row.of(id="b"))
    edited = changed(text, Put(place, {"id": "b"}))
    assert edited == text.replace("- id: a", f"- id: a{newline}- id: b")
    assert changed(edited, Drop(place)) == text


@pytest.mark.parametrize("head", ["|", ">", "|+"])
def test_nothing_is_put_behind_a_text_of_several_lines_that_this_would_change(head: str) -> None:
    end = f"{head}\n    be nice"
    for text, more in (
        (f"a: 1\nrules: {end}", "k: 1\n"),
        (f"a: 1\n\n# my rules\nrules: {end}", "\nk: 1\n"),
        (f"b: 1\na: 1\n\nrules:\n  - {end}", "k: 1\n"),
    ):
        edited = changed(text, Put(("k",), 1))
        assert edited == text.replace("a: 1\n", f"a: 1\n{more}")
        assert changed(edited, Drop(("k",))) == text
    for text, place in ((f"rules: {end}", ("k",)), (f"- a: 1\n- b: {end}", (Row.of(k=1),))):
        with pytest.raises(CannotEdit, match="add an empty line at the end of the file"):
            edit_text(text, Format.YAML, [Put(place, {"k": 1})])
        assert changed(f"{text}\n", Put(place, {"k": 1})).startswith(f"{text}\n")
    assert changed(f"a: 1\nrules: {end}", Drop(("rules",))) == "a: 1"


def test_what_is_put_behind_a_text_of_several_lines_that_ends_without_a_break_goes_without_a_trace() -> None:
    text = "a: 1\nrules: |-\n  be nice"
    edited = changed(text, Put(("k",), 1))
    assert edited == f"{text}\nk: 1"
    assert changed(edited, Drop(("k",))) == text


def test_one_value_that_changes_leaves_the_comment_behind_it() -> None:
    assert changed(LITELLM, Put((*A, "litellm_params", "model"), "openai/z")) == LITELLM.replace(
        '"openai/x"', '"openai/z"'
    )


def test_a_row_put_anew_keeps_its_comments_and_changes_only_what_differs() -> None:
    row = {"model_name": "a", "litellm_params": {"model": "openai/x", "api_base": "http://h/v1"}}
    edited = changed(LITELLM, Put(A, row))
    assert edited == LITELLM.replace("# as served\n", "# as served\n      api_base: http://h/v1\n")


def test_the_last_rows_that_go_leave_an_empty_list_and_the_comments_around_them() -> None:
    edited = changed(LITELLM, Drop(A), Drop(B))
    assert edited == (
        "# our proxy\nmodel_list: []\n\n  # between\n\n# the rest\nlitellm_settings:\n  drop_params: true\n"
    )


def test_the_first_key_of_a_row_goes_and_the_next_takes_its_place_behind_the_dash() -> None:
    edited = changed(LITELLM, Drop((*A, "model_name")))
    assert edited == LITELLM.replace("model_name: a   # the first\n    ", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "- id: a\n  on: 1\n"),
        ("# mine\n", "# mine\n- id: a\n  on: 1\n"),
        ("# mine", "# mine\n- id: a\n  on: 1"),
        ("[]\n", "- id: a\n  on: 1\n"),
        ("[] # none\n", " # none\n- id: a\n  on: 1\n"),
        ("---\n", "---\n- id: a\n  on: 1\n"),
        ("--- []\n", "---\n- id: a\n  on: 1\n"),
        ("---\n# c\n...\n", "---\n# c\n- id: a\n  on: 1\n...\n"),
        ("null\n", "- id: a\n  on: 1\n"),
        ("- id: z\n", "- id: z\n- id: a\n  on: 1\n"),
        ("- id: z", "- id: z\n- id: a\n  on: 1"),
        ("- id: z\r\n", "- id: z\r\n- id: a\r\n  on: 1\r\n"),
        ("\ufeff- id: z\n", "\ufeff- id: z\n- id: a\n  on: 1\n"),
        ("- id: z\n...\n", "- id: z\n- id: a\n  on: 1\n...\n"),
        ("-   id: z\n", "-   id: z\n-   id: a\n    on: 1\n"),
        ("-\n  id: z\n", "-\n  id: z\n- id: a\n  on: 1\n"),
        ("[{id: z}]\n", "[{id: z}, {id: a, on: 1}]\n"),
        ("[\n  {id: z}, # c\n]\n", "[\n  {id: z}, # c\n  {id: a, on: 1},\n]\n"),
        ("- id: z\n\n- id: y\n", "- id: z\n\n- id: y\n\n- id: a\n  on: 1\n"),
        ("- id: z\n  t: |\n    x\n\n# c\n", "- id: z\n  t: |\n    x\n- id: a\n  on: 1\n\n# c\n"),
    ],
)
def test_a_first_row_is_written_into_every_kind_of_list(before: str, after: str) -> None:
    after = after.replace("on: 1", '"on": 1')
    assert changed(before, Put((Row.of(id="a"),), {"id": "a", "on": 1})) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x: 1\n", "x: 1\nm:\n  k: v\n"),
        ("m:\n", "m:\n  k: v\n"),
        ("m: # c\n", "m: # c\n  k: v\n"),
        ("m: {} # c\nn: 1\n", "m: # c\n  k: v\nn: 1\n"),
        ("m: ~\nn: 1\n", "m:\n  k: v\nn: 1\n"),
        ("m: {a: 1}\n", "m: {a: 1, k: v}\n"),
        ("m: {a: 1,}\n", "m: {a: 1, k: v,}\n"),
        ("m:\n    a: 1\n", "m:\n    a: 1\n    k: v\n"),
        ("m:\n  a: 1\n  # below\nn: 1\n", "m:\n  a: 1\n  # below\n  k: v\nn: 1\n"),
        ("m:\n  a: 1\n# n's\nn: 1\n", "m:\n  a: 1\n  k: v\n# n's\nn: 1\n"),
        ("m: &x\n  a: 1\nn: 1\n", "m: &x\n  a: 1\n  k: v\nn: 1\n"),
        ("m: &x {a: 1}\n", "m: &x {a: 1, k: v}\n"),
        ("m:\n  k: old # c\n", "m:\n  k: v # c\n"),
        ("m:\n  k: 'old'\n", "m:\n  k: 'v'\n"),
        ("m:\n  k: |\n    old\n    text\nn: 1\n", "m:\n  k: v\nn: 1\n"),
        ("m:\n  k: |+\n    old\n\nn: 1\n", "m:\n  k: v\n\nn: 1\n"),
        ("m:\n  k: >-\n    old\n\n  # c\n  l: 1\n", "m:\n  k: v\n\n  # c\n  l: 1\n"),
        ("m:\n  k: a\n    b\nn: 1\n", "m:\n  k: v\nn: 1\n"),
        ("m:\n  k:\n    deep: 1 # c\n    more: 2\nn: 1\n", "m:\n  k: v\nn: 1\n"),
        ("m:\n  k:\n  - 1\n  # c\n  - 2\nn: 1\n", "m:\n  k: v\n  # c\nn: 1\n"),
        ("m:\n  k:\n", "m:\n  k: v\n"),
        ("m: {k, l: 1}\n", "m: {k: v, l: 1}\n"),
        ('m: {"k":1}\n', 'm: {"k":v}\n'),
    ],
)
def test_a_field_is_written_into_every_kind_of_mapping(before: str, after: str) -> None:
    if after == 'm: {"k":v}\n':
        assert changed(before, Put(("m", "k"), 2)) == 'm: {"k":2}\n'
        return
    assert changed(before, Put(("m", "k"), "v")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nk: 2\nb: 3\n", "a: 1\nb: 3\n"),
        ("k: 2\n", "{}\n"),
        ("# c\nk: 2\n# d\n", "# c\n{}\n# d\n"),
        ("a: 1\n\nk:\n  - 1\n  - 2 # c\n\n# d\nb: 3\n", "a: 1\n\n# d\nb: 3\n"),
        ("a: 1\nk: 2", "a: 1"),
        ("a: 1\r\nk: |\r\n  x\r\nb: 2\r\n", "a: 1\r\nb: 2\r\n"),
        ("{a: 1, k: 2, b: 3}\n", "{a: 1, b: 3}\n"),
        ("{a: 1, k: 2}\n", "{a: 1}\n"),
        ("{k: 2}\n", "{}\n"),
        ("{\n  a: 1,\n  k: 2, # c\n  b: 3\n}\n", "{\n  a: 1,\n  b: 3\n}\n"),
    ],
)
def test_a_field_goes_with_its_line_and_nothing_else(before: str, after: str) -> None:
    assert changed(before, Drop(("k",))) == after


def test_what_is_not_there_is_not_missed() -> None:
    assert changed(LITELLM, Drop(C), Drop(("nothing", "here"))) == LITELLM


def test_texts_in_a_list_are_told_apart_by_what_they_are() -> None:
    text = "default:\n  - gpt-4o # c\n  - 'old'\n"
    edited = changed(text, Put(("default", Item("new")), "new"), Drop(("default", Item("old"))))
    assert edited == "default:\n  - gpt-4o # c\n  - new\n"


@pytest.mark.parametrize(
    "text", ["yes", "No", "on", "OFF", "y", "~", "null", "1e3", "0o17", "0x1F", "1_000", "12:30", ".5"]
)
@pytest.mark.parametrize("place", [("m", "k"), ("f", "k")])
def test_a_text_that_readers_of_yaml_would_take_for_something_else_is_quoted(text: str, place: Place) -> None:
    edited = changed("m:\n  a: 1\nf: {a: 1}\n", Put(place, text))
    assert f'k: "{text}"' in edited


@pytest.mark.parametrize(
    "text", ["gpt-4o:mini", "os.environ/X", "${{ secrets.X }}", "http://h:1/v1", "org/Model-7B", "über"]
)
def test_a_text_that_needs_no_quotes_gets_none(text: str) -> None:
    assert changed("m:\n  a: 1\n", Put(("m", "k"), text)) == f"m:\n  a: 1\n  k: {text}\n"


def test_single_quotes_are_used_where_the_file_has_them() -> None:
    assert changed("a: 'x'\n", Put(("b",), "yes")) == "a: 'x'\nb: 'yes'\n"


def test_an_alias_is_written_out_where_its_copy_changes_and_what_it_names_stays() -> None:
    text = "base: &b {model: x, key: 1}\nrow:\n  params: *b\n"
    edited = changed(text, Put(("row", "params", "key"), 2))
    assert edited == "base: &b {model: x, key: 1}\nrow:\n  params:\n    model: x\n    key: 2\n"


def test_a_value_that_others_share_is_not_changed_under_them() -> None:
    with pytest.raises(CannotEdit, match="not Muster’s"):
        edit_text("base: &b {key: 1}\nrow: *b\n", Format.YAML, [Put(("base", "key"), 2)])


def test_a_merged_key_is_overridden_and_cannot_be_dropped() -> None:
    text = "base: &b\n  key: 1\nrow:\n  <<: *b\n  own: 2\n"
    assert changed(text, Put(("row", "key"), 3)) == text + "  key: 3\n"
    with pytest.raises(CannotEdit, match="merge key"):
        edit_text(text, Format.YAML, [Drop(("row", "key"))])


def test_something_else_in_the_way_is_never_replaced() -> None:
    for text in ("models: off\n", "models: [1, 2]\n", "models:\n  a: 5\n"):
        with pytest.raises(CannotEdit):
            edit_text(text, Format.YAML, [Put(("models", "a", "b"), 1)])


def test_rare_ways_of_writing_go_through_a_round_trip_that_changes_nothing_else() -> None:
    place = ("rows", Row.of(id="a"), "id")
    assert changed("# c\nrows: [id: a, id: b] # d\nx: 'y'\n", Put(place, "z")) == (
        "# c\nrows: [id: z, id: b] # d\nx: 'y'\n"
    )
    with pytest.raises(CannotEdit, match="more than Muster’s own"):
        edit_text("rows: [id: a,   id: b]\n", Format.YAML, [Put(place, "z")])
    for text in ("? a\n: 1\nb:    2\n", "? a\n: 1\r\nb: 2\n"):
        with pytest.raises(CannotEdit, match="more than Muster’s own"):
            edit_text(text, Format.YAML, [Put(("a",), 5)])


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("a: 1\nb: [1, 2\n", "bracket", 2),
        ("a: 1\na: 2\n", "given twice", 2),
        ("m:\n  - {x: 1, x: 2}\n", "given twice", 2),
        ("a: *b\n", "does not exist", 1),
        ("a: !!python/object:os.system x\n", "tag", 1),
        ("a: 1\n---\nb: 1\n", "second document", 2),
        ("a: 'x\n", "never closed", 1),
        ("a: \x01\n", "control character", 1),
        ("? [a]\n: 1\n", "key", 1),
        ("a:\n\t- 1\n", "spaces", 2),
        ("x: " + "[" * 200, "nested more than", 1),
    ],
)
def test_a_broken_yaml_text_is_refused_with_words_and_a_place(text: str, words: str, line: int) -> None:
    with pytest.raises(BrokenText) as caught:
        read_tree(text, Format.YAML)
    assert words in caught.value.words
    assert caught.value.line == line
    with pytest.raises(BrokenText):
        edit_text(text, Format.YAML, [Put(("a",), 1)])


def test_an_alias_bomb_is_refused() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(BrokenText, match="too many values"):
        read_tree("l0: &l0 [x]\n" + levels, Format.YAML)


@pytest.mark.parametrize("text", ["", "# c\n", "a: [yes, 1, 0x10, 1.5, ~, '1', 2.0e3]\nb: {c: Off}\n", LITELLM])
def test_yaml_is_read_as_pyyaml_reads_it(text: str) -> None:
    assert same_value(read_tree(text, Format.YAML), yaml.safe_load(text))
