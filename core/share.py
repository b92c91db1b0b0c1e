"""Share files: a selection of the roll as one file for somebody else, with or without evidence, never with a key.

JSON that says what it is and in which version. What a newer version adds beside what is known here is passed over; a
newer version as such is refused with words, since it may mean something else by the same names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from core import __version__
from core.backups import write_private
from core.credentials import CUSTOM_KEY
from core.entry import UserModelEntry
from core.errors import MusterError, ReferenceNotFound
from core.evidence import MOST_REPORTS, Evidence, FieldOrigin
from core.exporters.shape import ReadProvider
from core.import_checks import checked_model, checked_place, clean_url, named_keys, plain_line
from core.import_plans import CarriedEvidence, Source, SourceModel
from core.import_recognition import SHARE_FORMAT
from core.overrides import set_overrides
from core.providers import PROVIDER_BY_ID
from core.redaction import hide_secrets, hide_secrets_in, redact, without_keys
from core.regular_files import replace_file
from core.settings_values import ForeignValue
from core.verdicts import Report

if TYPE_CHECKING:
    from core.registry import Registry

SHARE_SUFFIX: Final = ".muster-roll"
SHARE_MIME: Final = "application/vnd.muster.roll+json"
SHARE_VERSION: Final = 1

_TOP_KEYS: Final = frozenset({"format", "version", "written_by", "written_at", "providers", "models"})
_MODEL_KEYS: Final = frozenset({"id", "provider_type", "provider_id", "model_id", "name", "overrides", "evidence"})
_REPORT: Final = TypeAdapter(Report)


@dataclass(frozen=True, slots=True)
class WrittenShare:
    """A share file that was written, with how much is in it. `notes` say what was left out."""

    path: Path
    models: int
    measured: int
    notes: tuple[str, ...] = ()


def write_share(
    registry: Registry,
    references: Iterable[str | UserModelEntry] | None,
    path: str | os.PathLike[str],
    evidence: Evidence | None = None,
) -> WrittenShare:
    """Writes these models (None: all that can be read) with their custom providers, and with what was measured.

    A file in that place is replaced. May wait for the disk, and for the keyring: keys are looked up to be kept out.

    Raises:
        MusterError: a reference names no model, or the file cannot be written; nothing was.
    """
    entries = _entries(registry, references)
    secrets = tuple(_secrets(registry))
    notes: list[str] = []
    providers = []
    for provider_id in dict.fromkeys(entry.provider_id for entry in entries if entry.provider_type == "custom"):
        known = registry.document.provider_by_name.get(provider_id)
        if known is None or not known.base_url.strip():
            notes.append(f"The provider “{provider_id}” has no base URL: its models cannot be imported elsewhere.")
            continue
        address, left_out = clean_url(known.base_url.strip())
        hidden = redact(address, secrets)
        if left_out or hidden != address:
            notes.append(f"What looks like a key in the base URL of “{provider_id}” was left out.")
        providers.append({"name": hide_secrets(provider_id, secrets), "base_url": hidden})
    models = [_model_mapping(entry, secrets) for entry in entries]
    measured = 0
    for entry, mapping in zip(entries, models, strict=True):
        carried = _evidence_mapping(entry, evidence, secrets) if evidence is not None else {}
        measured += bool(carried.get("reports"))
        if carried:
            mapping["evidence"] = carried
    content = {
        "format": SHARE_FORMAT,
        "version": SHARE_VERSION,
        "written_by": f"Muster {__version__}",
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "providers": providers,
        "models": models,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    target = Path(path)
    if not target.suffix:
        target = target.with_name(target.name + SHARE_SUFFIX)
    _write(target, text.encode("utf-8", "backslashreplace"))
    return WrittenShare(target, len(models), measured, tuple(notes))


def _entries(registry: Registry, references: Iterable[str | UserModelEntry] | None) -> list[UserModelEntry]:
    if references is None:
        return list(registry.entries())
    found: dict[str, UserModelEntry] = {}
    for reference in references:
        text = reference if isinstance(reference, str) else reference.reference
        row = registry.document.row(text) or registry.references.row(text)
        if row.entry is None:
            raise ReferenceNotFound("A row that cannot be read cannot be shared.", "Mend it in the file first.")
        found.setdefault(row.key, row.entry)
    return list(found.values())


def _model_mapping(entry: UserModelEntry, secrets: tuple[str, ...]) -> dict[str, Any]:
    overrides = {name: value for name, value in set_overrides(entry).items() if not _is_foreign(value)}
    mapping = {
        "id": entry.id,
        "provider_type": str(entry.provider_type),
        "provider_id": hide_secrets(entry.provider_id, secrets),
        "model_id": hide_secrets(entry.model_id, secrets),
        "name": hide_secrets(entry.name, secrets) if entry.name else None,
        "overrides": {name: hide_secrets_in(value, secrets) for name, value in overrides.items()},
    }
    return {key: value for key, value in mapping.items() if value not in (None, {})}


def _is_foreign(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_foreign, value.values()))
    return any(map(_is_foreign, value)) if isinstance(value, (list, tuple)) else isinstance(value, ForeignValue)


def _evidence_mapping(entry: UserModelEntry, evidence: Evidence, secrets: tuple[str, ...]) -> dict[str, Any]:
    if entry.id is None:
        return {}
    stored = evidence.latest(entry.id)
    # From where something was imported is nobody else's business.
    known = evidence.origins(entry.id, entry.overrides)
    origins = {name: recorded for name, recorded in known.items() if recorded.origin is not FieldOrigin.IMPORTED}
    carried: dict[str, Any] = {}
    if stored is not None:
        report = {**stored.report.to_wire(), "at": stored.at, "fingerprint": stored.fingerprint}
        carried["reports"] = [without_keys(json.loads(json.dumps(report, default=str)), secrets)]
    if origins:
        carried["origins"] = {name: str(recorded.origin) for name, recorded in origins.items()}
    return carried


def _secrets(registry: Registry) -> Iterator[str]:
    """Every key that is known to this roll, so that none of them slips into the file by another way."""
    names = [
        ("builtin", str(row.name), field.config_key)
        for row in PROVIDER_BY_ID.values()
        for field in row.credentials
        if field.secret
    ]
    names += [("custom", provider.name, CUSTOM_KEY) for provider in registry.providers]
    for name in names:
        value = registry.credentials.value(*name)
        if value is not None:
            yield value


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name[:100]}.{uuid4().hex[:8]}.tmp")
    try:
        write_private(temporary, data)
        try:
            replace_file(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MusterError(
            f"The share file was not written: {path.name}.",
            f"{error.strerror or 'The disk refused'}. Choose another place.",
        ) from None


# ------------------------------------------------------------------------------------------------------------- reading


def read_share(tree: Any, title: str) -> Source:
    """What a share file holds; what cannot be used of it is told in `problems` and `notes`.

    Raises:
        MusterError: it is no share file, or of a newer Muster.
    """
    if not isinstance(tree, dict) or tree.get("format") != SHARE_FORMAT:
        raise MusterError("It is no share file of Muster.", "Choose a file that Muster wrote for sharing.")
    version = tree.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise MusterError("The share file does not say of which version it is.", "Ask for it to be written again.")
    if version > SHARE_VERSION:
        raise MusterError("The share file was written by a newer Muster.", "Update Muster to import it.")
    problems: list[str] = []
    addresses = dict(_addresses(_list(tree, "providers", problems), problems))
    models = []
    for number, raw in enumerate(_list(tree, "models", problems), start=1):
        try:
            models.append(_read_model(raw, addresses))
        except MusterError as error:
            problems.append(f"Model {number}{_named(raw)}: {error}")
    unknown = named_keys(key for key in tree if key not in _TOP_KEYS)
    notes = (f"Not understood in the file: {', '.join(unknown)}.",) if unknown else ()
    used = {model.provider.name for model in models}
    spare = tuple(
        checked_place(ReadProvider(name, url))[0] for name, url in addresses.items() if plain_line(name) not in used
    )
    return Source("muster", title, tuple(models), spare, tuple(problems), notes, names_are_names=True, is_shared=True)


def _list(tree: Mapping[str, Any], key: str, problems: list[str]) -> list[Any]:
    found = tree.get(key)
    if found is not None and not isinstance(found, list):
        problems.append(f"“{key}” in the file is not a list, and was passed over.")
    return found if isinstance(found, list) else []


def _addresses(raws: list[Any], problems: list[str]) -> Iterator[tuple[str, str]]:
    for number, raw in enumerate(raws, start=1):
        name, address = (raw.get("name"), raw.get("base_url")) if isinstance(raw, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(address, str) or not name.strip() or not address.strip():
            problems.append(f"Provider {number} has no name or no base URL.")
            continue
        try:
            checked_place(ReadProvider(name, address))
        except MusterError as error:
            problems.append(f"Provider “{plain_line(name)[:80]}”: {error}")
            continue
        yield name, address


def _read_model(raw: Any, addresses: Mapping[str, str]) -> SourceModel:
    if not isinstance(raw, dict):
        raise MusterError("It is no mapping with provider_type, provider_id and model_id.")
    kind, provider_id = raw.get("provider_type"), raw.get("provider_id")
    if not isinstance(provider_id, str) or kind not in ("builtin", "custom"):
        raise MusterError("Its provider is missing, or neither built in nor custom.")
    overrides = raw.get("overrides")
    notes = [] if overrides is None or isinstance(overrides, dict) else ["Its overrides are no mapping."]
    if kind == "custom":
        if provider_id not in addresses:
            raise MusterError(f"The file says no address for its provider “{plain_line(provider_id)}”.")
        place = ReadProvider(provider_id, addresses[provider_id])
    else:
        place = ReadProvider("", provider_id=provider_id)
    return checked_model(
        raw.get("model_id"),
        place,
        name=raw.get("name"),
        overrides=overrides if isinstance(overrides, dict) else {},
        not_understood=(key for key in raw if key not in _MODEL_KEYS),
        notes=notes,
        id=raw.get("id"),
        evidence=_read_evidence(raw.get("evidence"), notes),
    )


def _read_evidence(raw: Any, notes: list[str]) -> CarriedEvidence | None:
    if not isinstance(raw, dict):
        return None
    listed = raw.get("reports")
    reports = [_read_report(report) for report in listed[:MOST_REPORTS]] if isinstance(listed, list) else []
    if None in reports:
        notes.append("A measurement that comes with it cannot be read.")
    known = set(FieldOrigin) - {FieldOrigin.IMPORTED}
    origins = raw.get("origins")
    told = {
        name: origin
        for name, origin in (origins.items() if isinstance(origins, dict) else ())
        if isinstance(origin, str) and origin in known
    }
    return CarriedEvidence(tuple(report for report in reports if report is not None), told)


def _read_report(raw: Any) -> Report | None:
    """A measurement whose every part has the type that it must have; None of what is none."""
    try:
        report: Report = _REPORT.validate_python(raw)
    except (ValidationError, RecursionError):
        return None
    facts = {name: value for name, value in report.facts.items() if _is_flat(value)}
    return Report.from_wire({**report.to_wire(), "facts": facts})


def _is_flat(value: Any, depth: int = 2) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_flat(item, depth - 1) for item in value.values())
    return value is None or isinstance(value, (str, int, float))


def _named(raw: Any) -> str:
    name = (raw.get("name") or raw.get("model_id")) if isinstance(raw, dict) else None
    return f" (“{plain_line(name)[:60]}”)" if isinstance(name, str) and name.strip() else ""
