"""Edits of many entries as one change, so that one undo takes them back.

Each is checked like a single edit (`core.edits`); where one is refused, nothing changes and the error names the entry.
The cost grows with the number of entries and of rows, not with their product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from core.changes import Change
from core.custom_providers import check_base_url, check_name
from core.document import Document, Row, Source, as_list
from core.edits import (
    MissingCredentials,
    check_provider,
    checked_entry,
    edited_row,
    list_for_edit,
    quoted,
    refuse_new_problems,
    row_mapping,
    with_lists,
)
from core.entry import UserModelEntry
from core.errors import DuplicateModel, InvalidProvider, MusterError, ReferenceNotFound
from core.row_checks import LEGACY_KEY, PROVIDERS_KEY, REGISTRY_KEY

Identity = tuple[str, str, str, str]


def add_many(document: Document, entries: Sequence[UserModelEntry], missing: MissingCredentials) -> Change:
    """Adds the entries, each with a new ID; legacy twins are converted."""
    rows = list_for_edit(document, REGISTRY_KEY)
    taken = _taken(document.registry_rows)
    added = []
    for entry in entries:
        with _named(entry, len(entries)):
            checked = checked_entry(entry, {})
            check_provider(checked, document, missing)
            refuse_new_problems(checked, None)
            _take(taken, checked)
        added.append(checked.with_changes(id=str(uuid4())))
    lists = {REGISTRY_KEY: [*rows, *map(row_mapping, added)]}
    triples = {_triple(entry) for entry in added}
    twins = [row for row in document.legacy_rows if row.entry and _triple(row.entry) in triples]
    if twins:
        lists[LEGACY_KEY] = _without(document, twins)
    return Change(
        f"Add {quoted(added)}", document.value, with_lists(document, **lists), _converted(len(twins)), tuple(added)
    )


def replace_many(
    document: Document,
    replacements: Sequence[tuple[Row, UserModelEntry]],
    missing: MissingCredentials,
    *,
    text: str | None = None,
) -> Change:
    """Gives each row its entry's values; IDs stay, legacy rows are converted. `text` names the change.

    Entries that are as they were are left out of `Change.entries`; where all are, the change is empty.
    """
    rows = list_for_edit(document, REGISTRY_KEY)
    moved = {row.key for row, entry in replacements if row.entry and entry.identity != row.entry.identity}
    taken = _taken(row for row in document.registry_rows if row.key not in moved)
    edited: list[UserModelEntry] = []
    converted: list[Row] = []
    for row, entry in replacements:
        before = row.entry
        if before is None:
            raise ReferenceNotFound("A row that cannot be read cannot be edited.", "Mend it in the file, or remove it.")
        with _named(before, len(replacements)):
            checked = checked_entry(entry, before.overrides or {}).with_changes(id=before.id)
            is_legacy = row.source is Source.LEGACY
            if is_legacy or (checked.provider_type, checked.provider_id) != (before.provider_type, before.provider_id):
                check_provider(checked, document, missing)
            refuse_new_problems(checked, before)
            if checked.identity != before.identity or is_legacy:
                _take(taken, checked)
        if checked == before:
            continue
        edited.append(checked)
        if is_legacy:
            rows.append(row_mapping(checked))
            converted.append(row)
        else:
            rows[row.position] = edited_row(rows[row.position], checked)
    name = text or f"Edit {quoted(edited)}"
    if not edited:
        return Change(name, document.value, document.value)
    lists = {REGISTRY_KEY: rows}
    if converted:
        lists[LEGACY_KEY] = _without(document, converted)
    return Change(name, document.value, with_lists(document, **lists), _converted(len(converted)), tuple(edited))


def import_many(
    document: Document,
    *,
    providers: Sequence[tuple[str, str]],
    moved: Sequence[tuple[str, str]],
    replacements: Sequence[tuple[Row, UserModelEntry]],
    entries: Sequence[UserModelEntry],
    text: str,
) -> Change:
    """Adds providers (name, base URL), moves others to new base URLs, edits and adds entries: all as one change.

    A built-in provider without its credentials refuses nothing: what is imported is kept, and the row says what is
    missing. `Change.entries` holds the edited ones and then the added ones.
    """
    steps = Document(_with_providers(document, providers, moved), before=document)
    edited = replace_many(steps, replacements, _nothing_missing)
    steps = Document(edited.after, before=steps)
    added = add_many(steps, entries, _nothing_missing) if entries else Change("", steps.value, steps.value)
    if not (providers or moved or edited.entries or added.entries):
        return Change(text, document.value, document.value)
    notice = " ".join(filter(None, (edited.notice, added.notice)))
    return Change(text, document.value, added.after, notice, (*edited.entries, *added.entries))


def _nothing_missing(_: str) -> tuple[str, ...]:
    return ()


def _with_providers(
    document: Document, providers: Sequence[tuple[str, str]], moved: Sequence[tuple[str, str]]
) -> Mapping[str, Any]:
    if not (providers or moved):
        return document.value
    rows = list_for_edit(document, PROVIDERS_KEY)
    addresses = {name: check_base_url(url) for name, url in moved}
    for at, raw in enumerate(rows):
        if isinstance(raw, Mapping) and raw.get("name") in addresses:
            rows[at] = {**raw, "base_url": addresses.pop(str(raw["name"]))}
    if addresses:
        raise ReferenceNotFound(f"There is no custom provider “{next(iter(addresses))}” any more.", "Plan anew.")
    taken = set(document.provider_by_name)
    for name, url in providers:
        checked = check_name(name)
        if checked in taken:
            raise InvalidProvider(
                f"There is a custom provider “{checked}” already.", "Choose another name.", field="name"
            )
        taken.add(checked)
        rows.append({"name": checked, "base_url": check_base_url(url)})
    return with_lists(document, **{PROVIDERS_KEY: rows})


def _triple(entry: UserModelEntry) -> tuple[str, str, str]:
    return entry.provider_type, entry.provider_id, entry.model_id


def _taken(rows: Iterable[Row]) -> dict[Identity, str | None]:
    return {row.entry.identity: row.entry.id for row in rows if row.entry is not None}


def _take(taken: dict[Identity, str | None], entry: UserModelEntry) -> None:
    if entry.identity in taken:
        raise DuplicateModel(
            "Model already exists.",
            "To keep a variant of it, give it another display name.",
            entry_id=taken[entry.identity],
        )
    taken[entry.identity] = entry.id


def _without(document: Document, rows: Sequence[Row]) -> list[object]:
    texts = {f"{row.entry.provider_id}::{row.entry.model_id}" for row in rows if row.entry}
    return [raw for raw in as_list(document.value, LEGACY_KEY) if not (isinstance(raw, str) and raw in texts)]


def _converted(count: int) -> str:
    if count == 0:
        return ""
    return (
        "A legacy model was converted: it is now registered."
        if count == 1
        else (f"{count} legacy models were converted: they are now registered.")
    )


@contextmanager
def _named(entry: UserModelEntry, count: int) -> Iterator[None]:
    """Has an error say which of several entries it is about."""
    try:
        yield
    except MusterError as error:
        if count > 1:
            error.title = f"“{entry.display_name[:60]}”: {error.title}"
        raise
