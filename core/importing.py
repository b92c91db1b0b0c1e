"""Reading models from elsewhere onto the roll: `plan_import`, `apply`, and what the window needs beside them.

An import is planned first, and the plan shows everything: what would be added, what would be otherwise and in which
fields, what is passed over and what cannot be used. Nothing is written, no network and no keyring is asked by that.
Carried out, it is one change that one undo takes back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import edits_many
from core.changes import Change
from core.document import Document
from core.errors import EvidenceError, MusterError, SettingsConflict
from core.evidence import Evidence
from core.import_checks import plain_line
from core.import_planning import changes_between, plan_source
from core.import_plans import (
    CarriedEvidence,
    Chosen,
    FieldChange,
    KeyOffer,
    Plan,
    PlannedItem,
    PlannedProvider,
    Redirect,
    Source,
    SourceModel,
)
from core.import_recognition import ENVIRONMENT, known_sources, title_of
from core.import_sources import read_source
from core.import_texts import Given, read_given
from core.overrides import is_unset
from core.report_history import IMPORTED_FROM
from core.verdicts import Report

if TYPE_CHECKING:
    from core.registry import Registry

__all__ = [
    "IMPORTED_FROM", "FieldChange", "KeyOffer", "Plan", "PlannedItem", "PlannedProvider", "Redirect", "Source",
    "SourceModel", "apply", "keep_evidence", "known_sources", "new_providers", "plan_change", "plan_import", "title_of",
]  # fmt: skip

Allowed = str | Redirect | Iterable[str | Redirect] | None
"""Which redirects were said yes to: one, several, or none."""


def plan_import(registry: Registry, path_or_text: str | os.PathLike[str], source: str | None = None) -> Plan:
    """What importing that file, folder or text would do to the roll; may wait for the disk.

    `source` names what it is: a target's ID, "muster" for a share file or another roll, "curl", "environment" (an empty
    text means this program's own). None: it is recognised by its name and its shape.

    Raises:
        MusterError: it cannot be read, it cannot be told what it is, or its own tool would refuse it.
    """
    given = Given() if source == ENVIRONMENT and path_or_text == "" else read_given(path_or_text)
    read = read_source(given, source, registry.credentials.environment)
    return plan_source(registry, registry.document, read)


def plan_change(registry: Registry, plan: Plan, allow_redirects: Allowed = (), chosen: Chosen | None = None) -> Change:
    """The edit that does what was planned; nothing is changed by having it.

    `allow_redirects` names those that were said yes to, by ID or by the provider's name; what the others ask for is not
    done. `chosen` limits it to some items, and providers without models; None: all. Where nothing is left to do the
    change is empty: its `after` is its `base`.

    Raises:
        SettingsConflict: the roll has changed since, so that other things would happen than were shown.
        MusterError: a redirect or an item that the plan does not have was named, or the edit is refused.
    """
    allowed = _ids(plan, allow_redirects)
    document = registry.document
    now = plan_source(registry, document, plan.source, allowed)
    numbers, names = _choice(plan, chosen)
    added = [item for item in now.add if numbers is None or item.number in numbers]
    replaced = [item for item in now.replace if numbers is None or item.number in numbers]
    if document is not plan.document and plan.document is not None:
        _refuse_other(plan_source(registry, plan.document, plan.source, allowed), now, (*added, *replaced))
    needed = {item.new_provider for item in (*added, *replaced)}
    with_models = {item.new_provider for item in now.items}
    providers = [
        provider
        for provider in now.providers
        if provider.moves
        or provider.name in needed
        or (provider.name not in with_models and (names is None or provider.name in names))
    ]
    rows = [(document.row(item.replaces_key), item.entry) for item in replaced]
    return edits_many.import_many(
        document,
        providers=[(provider.name, provider.base_url) for provider in providers if not provider.moves],
        moved=[(provider.name, provider.base_url) for provider in providers if provider.moves],
        replacements=[(row, entry) for row, entry in rows if row is not None],
        entries=[item.entry for item in added],
        text=_text((*added, *replaced), providers),
    )


def apply(
    registry: Registry,
    plan: Plan,
    *,
    allow_redirects: Allowed = (),
    evidence: Evidence | None = None,
) -> None:
    """Carries the plan out, all of it or nothing; durable when this returns.

    Measurements that came with the models, and from where their settings came, go into `evidence`, or into the person's
    own place where none is given.

    Raises:
        SettingsConflict: the roll has changed since, so that other things would happen than were planned.
        SettingsError: it could not be written, and nothing changed.
        CredentialError: the keyring holds a key under the name of a new provider and does not let it go.
        EvidenceError: the models are imported; their measurements, or where they came from, were not kept.
    """
    carry_out(registry, plan, allow_redirects, evidence)


def carry_out(
    registry: Registry, plan: Plan, allow_redirects: Allowed = (), evidence: Evidence | None = None
) -> Change:
    """Does what `apply` does, and gives the edit, whose reversal undoes it. Errors are the same."""
    registry.take_in()
    change = plan_change(registry, plan, allow_redirects)
    if change.after is change.base:
        return change
    registry.forget_earlier_keys(new_providers(change))
    registry.commit(change)
    if any(model.evidence is not None for model in plan.source.models) or any(
        entry.overrides for entry in change.entries
    ):
        if evidence is not None:
            keep_evidence(evidence, plan, change)
        else:
            with Evidence.open() as own:
                keep_evidence(own, plan, change)
                if own.problem is not None:  # the models are in: it is no failure of the import
                    logging.getLogger(__name__).warning("%s", own.problem)
    return change


def new_providers(change: Change) -> tuple[str, ...]:
    """The custom providers that an import adds, by name: for `Registry.forget_earlier_keys`, before it is applied."""
    before, after = Document(change.base).provider_by_name, Document(change.after).provider_by_name
    return tuple(name for name in after if name not in before)


def keep_evidence(evidence: Evidence, plan: Plan, change: Change) -> int:
    """Keeps what was measured of the imported models elsewhere, marked as such; of how many. May wait for the disk.

    A model that was measured here keeps what was found here: its own server is another one. Of every override that the
    import wrote it is kept from where it came.

    Raises:
        EvidenceError: the disk refused.
    """
    carried, written = _carried(plan), _written(change)
    said: dict[str, dict[str, str]] = {}
    kept = 0
    for entry in change.entries:
        found = carried.get(entry.identity)
        if found is None or entry.id is None or evidence.latest(entry.id) is not None:
            continue
        for report in reversed(found.reports):
            evidence.add_report(entry.id, _marked(report, plan.source.title))
        origins = {name: origin for name, origin in found.origins.items() if name in (entry.overrides or {})}
        said[entry.id] = {name: origins.pop(name) for name in written.get(entry.id, {}) if name in origins}
        if origins:
            evidence.record_origins(entry.id, origins, overrides=entry.overrides)
        kept += bool(found.reports)
    if written:
        try:
            evidence.note_imported(written, plain_line(plan.source.title), said)
        except EvidenceError as error:
            raise EvidenceError(
                "The models are imported; where their settings came from was not kept.", error.hint
            ) from None
    return kept


def _written(change: Change) -> dict[str, dict[str, Any]]:
    """The overrides that the edit gives its entries, by their IDs; those that stay as they were are none of them."""
    before = {row.entry.id: row.entry for row in Document(change.base).rows if row.entry is not None}
    found: dict[str, dict[str, Any]] = {}
    for entry in change.entries:
        own, old = entry.overrides or {}, before.get(entry.id)
        names = own if old is None else {each.field for each in changes_between(old, entry)}
        values = {name: value for name, value in own.items() if name in names and not is_unset(value)}
        if entry.id is not None and values:
            found[entry.id] = values
    return found


def _carried(plan: Plan) -> dict[tuple[str, str, str, str], CarriedEvidence]:
    """What came with each model, by what it is on the roll with and without the redirects."""
    moved = {redirect.id: redirect.provider for redirect in plan.redirects}
    found: dict[tuple[str, str, str, str], CarriedEvidence] = {}
    for item in plan.items:
        evidence = plan.source.models[item.number].evidence
        if evidence is not None:
            found[item.entry.identity] = evidence
            if item.redirect in moved:
                found[item.entry.with_changes(provider_id=moved[item.redirect]).identity] = evidence
    return found


def _marked(report: Report, title: str) -> Report:
    try:
        datetime.fromisoformat(report.at)
        at = report.at
    except ValueError:
        at = ""
    return replace(report, at=at, facts={**report.facts, IMPORTED_FROM: title})


def _ids(plan: Plan, allowed: Allowed) -> frozenset[str]:
    """The IDs of the redirects that were named."""
    names = [name.id if isinstance(name, Redirect) else name for name in _listed(allowed)]
    found = set()
    for name in names:
        if not isinstance(name, str):
            raise MusterError(
                "A redirect was named by what is no text.", "Name it by its ID, or by its provider’s name."
            )
        ids = {redirect.id for redirect in plan.redirects if name == redirect.id}
        ids = ids or {redirect.id for redirect in plan.redirects if name == redirect.provider}
        if len(ids) > 1:
            raise MusterError(f"“{name[:120]}” would go to several places.", f"Name one: {_quoted(sorted(ids))}.")
        if not ids:
            raise MusterError(
                f"There is no redirect “{name[:120]}” in this import.",
                f"There are: {_quoted(redirect.id for redirect in plan.redirects) or 'none'}.",
            )
        found |= ids
    return frozenset(found)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _listed(wanted: Allowed | Chosen) -> Iterable[Any]:
    """Each of what was named: a text is one name, and not its letters."""
    if wanted is None:
        return ()
    if isinstance(wanted, (str, Redirect, PlannedItem, PlannedProvider)):
        return (wanted,)
    if not isinstance(wanted, Iterable):
        raise MusterError("What of the import is meant was not said as names.", "Give a name, or a list of names.")
    return wanted


def _choice(plan: Plan, chosen: Chosen | None) -> tuple[set[int] | None, set[str] | None]:
    if chosen is None:
        return None, None
    numbers: set[int] = set()
    names: set[str] = set()
    for what in _listed(chosen):
        if isinstance(what, PlannedItem):
            numbers.add(what.number)
        elif isinstance(what, PlannedProvider):
            names.add(what.name)
        elif isinstance(what, str):
            names.add(what)
        elif isinstance(what, int):
            numbers.add(what)
        else:
            raise MusterError("An item was chosen by what is no number.", "Give an item of the plan, or its number.")
    if not numbers <= set(range(len(plan.source.models))):
        raise MusterError("An item was chosen that this import does not have.", "Plan it anew.")
    return numbers, names


def _refuse_other(shown: Plan, now: Plan, items: Collection[PlannedItem]) -> None:
    """Raises where something would be done to the roll that was not shown; what is done already is no matter."""
    was = {item.number: item for item in shown.items}
    for item in items:
        before = was.get(item.number)
        same = before is not None and (before.entry.provider_id, before.replaces_key, before.changes) == (
            item.entry.provider_id,
            item.replaces_key,
            item.changes,
        )
        if not same:
            raise SettingsConflict(
                "The roll has changed since the import was planned.",
                "Look at the new plan and import again.",
                conflicts=[item.display_name],
            )
    unseen = {redirect.id for redirect in now.redirects} - {redirect.id for redirect in shown.redirects}
    if unseen:
        raise SettingsConflict(
            "The providers of the roll have changed since the import was planned.",
            "Look at the new plan and import again.",
            conflicts=sorted(unseen),
        )


def _text(items: Collection[PlannedItem], providers: Collection[PlannedProvider]) -> str:
    if len(items) == 1:
        return f"Import “{next(iter(items)).display_name[:60]}”"
    if items or not providers:
        return f"Import {len(items)} models"
    return (
        f"Import provider “{next(iter(providers)).name[:60]}”"
        if len(providers) == 1
        else f"Import {len(providers)} providers"
    )
