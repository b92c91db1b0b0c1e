"""Every kind of source, read into one form: other tools' files, rolls, share files, commands and variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from core.curl_commands import read_curl
from core.document import Document, Row, without_secrets
from core.environment_endpoints import read_environment, read_variables
from core.errors import BrokenSettings, MusterError
from core.exporters.all_targets import TARGETS
from core.exporters.shape import Format, ReadModel, ReadProvider, Target, TargetFile
from core.import_checks import checked_model, checked_place, plain_line
from core.import_plans import Source, SourceModel
from core.import_recognition import (
    CURL,
    ENVIRONMENT,
    KILN,
    MUSTER,
    SHARE_FORMAT,
    format_of,
    known_sources,
    recognise,
    title_of,
)
from core.import_texts import (
    LARGEST_ROLL_BYTES,
    PASTED,
    Given,
    as_sentence,
    check_yaml_size,
    mend_hint,
    parse_tree,
    read_file,
)
from core.overrides import is_unset
from core.providers import PROVIDER_BY_ID, SECRET_CONFIG_KEYS
from core.redaction import redact
from core.row_checks import LEGACY_KEY, PROVIDERS_KEY, REGISTRY_KEY, shape_problems
from core.settings_text import parse_settings
from core.share import SHARE_SUFFIX, read_share

_MOST_FILES: Final = 2000
"""Of a folder; nobody has so many providers."""

_MISREAD: Final = (TypeError, AttributeError, KeyError, IndexError, RecursionError, OverflowError)
"""What reading a file raises that is not at all what its tool writes."""


def read_source(given: Given, source: str | None, environment: Mapping[str, str]) -> Source:
    """What was given, read as that kind of source; None means that it is recognised. May wait for the disk.

    Raises:
        MusterError: it cannot be told what it is, or it is not what its tool would read.
    """
    if source is not None and source not in known_sources():
        raise MusterError(
            f"There is no source “{plain_line(str(source))[:60]}”.", f"Known: {', '.join(known_sources())}."
        )
    kind = source or recognise(given)
    title = f"{title_of(kind)}, {given.place}"
    if kind == ENVIRONMENT:
        if given.text.strip():
            place = _name_of(given) if given.path is not None else "the text"
            return read_environment(read_variables(given.text), title, own=environment, place=place)
        return read_environment(environment, "The environment")
    if kind == CURL:
        _refuse_folder(given)
        return read_curl(given.text, title)
    if kind in (MUSTER, KILN):
        _refuse_folder(given)
        return _read_roll(given, kind, title)
    return _read_target(TARGETS[kind], given, title)


def _refuse_folder(given: Given) -> None:
    if given.is_folder:
        raise MusterError(f"“{given.place}” is a folder.", "Choose a file in it.")


def _name_of(given: Given) -> str:
    return f"“{plain_line(given.path.name)[:80]}”" if given.path is not None else PASTED


# ------------------------------------------------------------------------------------------------------------- a roll


def _read_roll(given: Given, kind: str, title: str) -> Source:
    """A share file, or the settings file of a roll, which Kiln's is too."""
    if format_of(given) is Format.JSON:
        tree = given.tree(Format.JSON, _name_of(given))
        if isinstance(tree, dict) and tree.get("format") == SHARE_FORMAT:
            return read_share(tree, title)
        if _is_named_share(given) and not _is_roll(tree):
            raise MusterError(
                f"{_name_of(given)} is no roll that this version of Muster knows.",
                "It may be damaged. Ask for it to be shared again, or choose another file.",
            )
    check_yaml_size(given.text, _name_of(given), "a settings file", LARGEST_ROLL_BYTES)
    try:
        parsed = parse_settings(given.text.encode("utf-8", "surrogatepass"))
    except BrokenSettings as error:
        words = error.title.replace("The settings file", _name_of(given))
        raise MusterError(words, mend_hint(_name_of(given))) from None
    value = parsed.value
    document = Document(without_secrets(value))
    problems = [*shape_problems(value), *(f"Custom provider “{p.name}”: {w}" for p, w in _provider_problems(document))]
    models = []
    for row in document.rows:
        try:
            models.append(_read_row(row, document))
        except MusterError as error:
            problems.append(f"{_row_name(row)}: {error}")
    used = {model.provider.name for model in models}
    spare = []
    for provider in document.provider_by_name.values():
        if provider.available and plain_line(provider.name) not in used:
            try:
                spare.append(checked_place(ReadProvider(provider.name, provider.base_url))[0])
            except MusterError as error:
                problems.append(f"Custom provider “{plain_line(provider.name)[:80]}”: {error}")
    return Source(
        kind,
        title,
        tuple(models),
        tuple(spare),
        tuple(problems),
        # The others are among the problems, in other words.
        tuple(redact(plain_line(note.message)) for note in parsed.notes if note.line is not None),
        key_places=tuple(_keys_in(value)),
        names_are_names=True,
    )


def _is_named_share(given: Given) -> bool:
    return given.path is not None and given.path.suffix.lower() == SHARE_SUFFIX


def _is_roll(tree: Any) -> bool:
    """Whether it has a part that a settings file has; one without any may still be a settings file, of no models."""
    return isinstance(tree, dict) and any(key in tree for key in (REGISTRY_KEY, LEGACY_KEY, PROVIDERS_KEY))


def _provider_problems(document: Document) -> Iterator[tuple[Any, str]]:
    return ((provider, text) for provider in document.custom_providers for text in provider.problems)


def _row_name(row: Row) -> str:
    if row.entry is not None:
        return f"“{plain_line(row.display_name)[:80]}”"
    text = plain_line(row.text)[:80].strip("()")
    return f"Row {row.position + 1}{f' ({text})' if text else ''}"


def _read_row(row: Row, document: Document) -> SourceModel:
    entry = row.entry
    if entry is None:
        raise MusterError(redact(" ".join(row.problems)) or "It cannot be read.")
    if entry.provider_type == "custom":
        known = document.provider_by_name.get(entry.provider_id)
        if known is None or not known.available:
            raise MusterError(f"The file says no address for its provider “{plain_line(entry.provider_id)[:80]}”.")
        place = ReadProvider(known.name, known.base_url)
    else:
        place = ReadProvider("", provider_id=entry.provider_id)
    return checked_model(
        entry.model_id, place, name=entry.name or "", overrides=entry.overrides or {}, id=entry.id or ""
    )


def _keys_in(value: Mapping[str, Any]) -> Iterator[str]:
    """Where a settings file holds keys, in words."""
    for row in PROVIDER_BY_ID.values():
        for field in row.credentials:
            if field.secret and not is_unset(value.get(field.config_key)):
                yield f"{row.display_name}’s {field.label}"
    others = SECRET_CONFIG_KEYS - {field.config_key for row in PROVIDER_BY_ID.values() for field in row.credentials}
    yield from sorted(name for name in others if not is_unset(value.get(name)))
    providers = value.get(PROVIDERS_KEY)
    for provider in providers if isinstance(providers, list) else []:
        if isinstance(provider, Mapping) and not is_unset(provider.get("api_key")):
            name = provider.get("name")
            yield f"the key of “{plain_line(name)[:80]}”" if isinstance(name, str) else "the key of a custom provider"


# ------------------------------------------------------------------------------------------------------ a tool's files


def _read_target(target: Target, given: Given, title: str) -> Source:
    trees = _trees(target, given)
    if not trees:
        raise MusterError(f"There is no file of {target.title} in “{given.place}”.", "Choose another folder.")
    try:
        read = target.read(trees)
    except _MISREAD:
        raise MusterError(
            f"This is no file that {target.title} reads.", "Choose another file, or say what it is."
        ) from None
    except ValueError as error:
        said = as_sentence(redact(plain_line(str(error)))[:300])
        raise MusterError(f"This file would be refused by {target.title}.", said) from None
    models, problems = [], []
    for number, model in enumerate(read, start=1):
        try:
            models.append(_read_model(model))
        except MusterError as error:
            name = plain_line(model.name)[:80] if isinstance(model.name, str) else ""
            problems.append(f"{f'“{redact(name)}”' if name else f'Model {number}'}: {error}")
    return Source(target.id, title, tuple(models), problems=tuple(problems))


def _read_model(model: ReadModel) -> SourceModel:
    """A tool's model with what its file states; what the tool assumes where nothing is said is not taken over."""
    stated = {name: _plain(value) for name, value in model.values.items() if name in model.stated}
    return checked_model(
        model.model_id,
        model.provider,
        name=model.name,
        overrides=stated,
        not_understood=model.not_understood,
    )


def _plain(value: Any) -> Any:
    """As an override stores it: an enumeration's value as text, tuples as lists."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _trees(target: Target, given: Given) -> dict[str, Any]:
    """The plain data of the target's files by their names: of a folder all, of a file or a text that one."""
    if given.is_folder and given.path is not None:
        return _folder_trees(target, given.path)
    file = _file_of(target, given)
    tree = given.tree(file.format, _name_of(given))
    trees = {} if tree is None else {file.name: tree}
    if target.is_folder and given.path is not None:
        # Of a tool that keeps one thing in two files, the other one belongs to it.
        fixed = {other.name for other in target.files(())}
        trees = {**_folder_trees(target, given.path.parent, only=fixed - {given.path.name}), **trees}
    if not trees:
        raise MusterError(f"{_name_of(given)} is empty.", "Choose another file.")
    return trees


def _folder_trees(target: Target, folder: Path, only: set[str] | None = None) -> dict[str, Any]:
    trees: dict[str, Any] = {}
    files = target.existing_files(folder) if target.is_folder else target.files(())
    for file in files[:_MOST_FILES]:
        path = folder / file.name
        if (only is None or file.name in only) and path.is_file():
            tree = parse_tree(read_file(path), file.format, f"“{plain_line(file.name)[:80]}”")
            if tree is not None:
                trees[file.name] = tree
    return trees


def _file_of(target: Target, given: Given) -> TargetFile:
    """Which of the target's files a text is: by its name, else by its format."""
    files = target.files(())
    if not target.is_folder:
        return files[0]
    name = given.path.name if given.path is not None else ""
    known = next((file for file in files if file.name == name), None)
    if known is not None:
        return known
    wanted = format_of(given)
    by_format = next((file for file in files if file.format is wanted), None)
    if by_format is not None:
        return by_format
    named = given.path.name if given.path is not None else _named_in(given)
    return target.file_named(named)


def _named_in(given: Given) -> str:
    """The name that a pasted file gives itself, as it would be called."""
    tree = given.tree(format_of(given), _name_of(given))
    name = tree.get("name") if isinstance(tree, dict) else None
    return f"{name if isinstance(name, str) else 'pasted'}.json"
