"""Edits of plain data: the same as if each were made to a copy of all of it."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.exporters.edited_trees import EditedTree
from core.exporters.places import Item, Place, Row, find, with_value
from core.field_specs import UNSET

KEYS = st.sampled_from(["id", "name", "rows", "tags"])
WORDS = st.sampled_from(["a", "b", "c"])
ROWS = st.dictionaries(KEYS, st.one_of(WORDS, st.booleans(), st.none(), st.lists(WORDS, max_size=2)), max_size=3)
TREES = st.recursive(
    st.one_of(WORDS, st.none(), ROWS, st.lists(st.one_of(ROWS, WORDS), max_size=4)),
    lambda inner: st.one_of(st.dictionaries(KEYS, inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=8,
)
MATCHES = st.one_of(WORDS, st.just(UNSET), st.lists(WORDS, max_size=1))
STEPS = st.one_of(
    KEYS,
    st.builds(Item, WORDS),
    st.builds(lambda key, value: Row(((key, value),)), st.sampled_from(["id", "name", "rows.id"]), MATCHES),
    st.builds(lambda one, other: Row.of(id=one, name=other), WORDS, MATCHES),
)
PLACES = st.lists(STEPS, min_size=1, max_size=3).map(tuple)


def without(tree: Any, place: Place) -> Any:
    """A copy of plain data without what stands at that place, made anew all the way down to it."""
    if not place:
        return UNSET
    step, rest = place[0], place[1:]
    if isinstance(step, str):
        if not isinstance(tree, Mapping) or step not in tree:
            return tree
        inner = without(tree[step], rest)
        return {
            key: inner if key == step else value for key, value in tree.items() if key != step or inner is not UNSET
        }
    rows = tree if isinstance(tree, list) else []
    number = next((number for number, row in enumerate(rows) if step.fits(row)), None)
    if number is None:
        return tree
    inner = without(rows[number], rest)
    return [*rows[:number], *([] if inner is UNSET else [inner]), *rows[number + 1 :]]


@given(TREES, st.lists(st.tuples(PLACES, st.one_of(st.just(UNSET), TREES)), max_size=8), st.lists(PLACES, max_size=4))
def test_many_edits_give_what_one_after_the_other_gives(
    tree: Any, edits: list[tuple[Place, Any]], asked: list[Place]
) -> None:
    given_tree, edited, expected = deepcopy(tree), EditedTree(tree), tree
    for place, value in edits:  # UNSET takes away
        if value is UNSET:
            edited.drop(place)
            expected = without(expected, place)
        else:
            edited.put(place, value)
            expected = with_value(expected, place, value)
        for wanted in (place, *asked):
            assert edited.find(wanted) == find(expected, wanted)
            assert edited.holds(wanted) is (find(expected, wanted) is not UNSET)
    assert edited.plain() == expected
    assert tree == given_tree


def test_a_row_is_found_by_what_it_says_now() -> None:
    edited = EditedTree([{"id": "a"}, {"id": "b"}])
    edited.put((Row.of(id="a"), "id"), "c")
    assert edited.find((Row.of(id="a"),)) is UNSET
    edited.put((Row.of(id="c"), "name"), "x")
    edited.drop((Row.of(id="b"),))
    edited.put((Row.of(id="b"), "name"), "y")
    assert edited.plain() == [{"id": "c", "name": "x"}, {"id": "b", "name": "y"}]


def test_of_two_rows_that_fit_the_first_is_meant_also_after_an_edit_made_it_fit() -> None:
    edited = EditedTree([{"id": "a"}, {"id": "b"}])
    edited.put((Row.of(id="a"), "id"), "b")
    edited.put((Row.of(id="b"), "name"), "x")
    assert edited.plain() == [{"id": "b", "name": "x"}, {"id": "b"}]


def test_a_list_that_every_row_was_taken_out_of_is_in_nobodys_way() -> None:
    edited = EditedTree({"rows": [{"id": "a"}]})
    assert edited.obstacle(("rows", "key")) == 1
    edited.drop(("rows", Row.of(id="a")))
    assert edited.is_bare(("rows",))
    assert edited.obstacle(("rows", "key")) is None
