"""LiteLLM Proxy: `config.yaml`, the way up: one address that serves the same roll to a team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.connections import BEDROCK_REGION
from core.exporters.addresses import (
    effort_arguments,
    own_address,
    place_of,
    placeholder_key,
    read_effort,
    row_of,
)
from core.exporters.attachment_kinds import attachment_losses
from core.exporters.foreign_data import mapping_of, read_text, read_tokens, read_true, rows_at, text_at
from core.exporters.places import Place, Row, value_at
from core.exporters.shape import (
    Clash,
    FieldRule,
    Format,
    Fragment,
    Loss,
    OwnPieces,
    ReadModel,
    ReadProvider,
    Target,
    TargetFile,
    Trees,
    Unset,
    is_named_anew,
    keys_not_understood,
    put_dotted,
    read_values,
    said_values,
)
from core.exporters.subject import ExportedModel, names_told_apart
from core.field_specs import UNSET
from core.providers import PROVIDER_BY_ID, ModelProviderName

_FILE: Final = TargetFile("config.yaml", Format.YAML)
_REFERENCE: Final = "os.environ/"

_ATTACHMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "model_info.supports_pdf_input": ("application/pdf",),
    "model_info.supports_audio_input": ("audio/mpeg", "audio/wav"),
    "model_info.supports_video_input": ("video/mp4",),
}
"""What each of its words for attachments stands for; a type counts by what is before its slash, PDF by all of it."""


def _kinds_of(types: Any) -> set[str]:
    found = [str(each) for each in types] if isinstance(types, list) else []
    return {key for key, samples in _ATTACHMENTS.items() if any(_is_like(each, samples[0]) for each in found)}


def _is_like(mime: str, sample: str) -> bool:
    kind = sample.partition("/")[0]
    return mime == sample if kind == "application" else mime.startswith(f"{kind}/")


def _types_said(types: Any) -> Any:
    kinds = _kinds_of(types)
    said = [mime for key, samples in _ATTACHMENTS.items() if key in kinds for mime in samples]
    return said or UNSET


_PLACES: Final = (
    FieldRule("name", "model_name", note="What a client asks for, in Western letters; one name is load-balanced."),
    FieldRule("model_id", "litellm_params.model", note="After litellm’s prefix of the provider: openai/ID."),
    FieldRule("base_url", "litellm_params.api_base", note="Left out where litellm knows the address."),
    FieldRule(
        "key", "litellm_params.api_key", note="As os.environ/NAME; Azure, Bedrock and Vertex have more than one."
    ),
)
_LEAKS: Final = (
    "Left out, /model/info fills it in from another entry of the same openai/ID, or from LiteLLM’s own price list."
)
_SINCE: Final = "LiteLLM may take what is left out from another entry, or from its own list"


def _known(name: str, key: str) -> FieldRule:
    return FieldRule(name, f"model_info.{key}", Unset.NO, read=read_true, always=True, since=_SINCE)


_VALUES: Final = (
    _known("supports_function_calling", "supports_function_calling"),
    _known("supports_structured_output", "supports_response_schema"),
    FieldRule("structured_output_mode", None),
    _known("reasoning_capable", "supports_reasoning"),
    FieldRule("parser", None),
    _known("supports_vision", "supports_vision"),
    FieldRule("supports_logprobs", None),
    FieldRule("context_tokens", "model_info.max_input_tokens", read=read_tokens, note=_LEAKS),
    FieldRule("output_tokens", "model_info.max_output_tokens", read=read_tokens, note=_LEAKS),
    FieldRule("max_parallel_requests", "litellm_params.max_parallel_requests", read=read_tokens),
)
_BY_HAND: Final = (
    FieldRule(
        "multimodal_mime_types",
        "model_info.supports_pdf_input",
        write=_types_said,
        note="And supports_audio_input and supports_video_input: kinds, not types.",
    ),
    FieldRule(
        "default_thinking_level",
        "litellm_params.extra_body.reasoning_effort",
        read=read_text,
        note="As litellm_params.reasoning_effort where the API is not OpenAI’s, on OpenRouter as its reasoning object.",
    ),
    FieldRule("openrouter_reasoning_object", None, note="A default thinking level is written in that form."),
)
_UNDERSTOOD: Final = (
    *_ATTACHMENTS,
    "model_info.id",
    "model_info.mode",
    "litellm_params.extra_body.reasoning.effort",
    "litellm_params.reasoning_effort",
    "litellm_params.aws_region_name",
)


_SPELLED: Final = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def served_name(text: str) -> str:
    """A name that the proxy can answer to, since it puts it into a header: Latin-1, no blanks at its ends."""
    kept = (char for char in text.translate(_SPELLED) if char.isprintable() or char.isspace())
    return " ".join("".join(char for char in kept if ord(char) < 256).split())


class LitellmProxy(Target):
    """LiteLLM Proxy. What an entry can do holds by its `model_info.id` alone, so every capability is written."""

    id: ClassVar[str] = "litellm"
    title: ClassVar[str] = "LiteLLM Proxy"
    verified_with: ClassVar[str] = "litellm 1.108.7"
    names_providers: ClassVar[bool] = False
    key_words: ClassVar[str] = "Set {names} where the proxy runs."
    next_words: ClassVar[str] = "Restart the proxy."
    name_words: ClassVar[str] = "{title} only answers to names in Western letters. It is “{name}” there."
    rules: ClassVar[tuple[FieldRule, ...]] = (*_PLACES, *_VALUES, *_BY_HAND)

    @override
    def default_path(self) -> Path:
        """The file of its documentation; any other can be given to `litellm --config`."""
        return Path.home() / "litellm" / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def refuses(self, model: ExportedModel) -> str:
        return "" if model.litellm_model else f"LiteLLM has no way to {model.provider_name}."

    @override
    def variables(self, model: ExportedModel) -> tuple[str, ...]:
        return tuple(_references(model).values())

    @override
    def names_there(self, models: Sequence[ExportedModel]) -> Mapping[str, str]:
        return names_told_apart(models, served_name)

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        names = self.names_there(models)
        fragments = []
        for model in models:
            name = names[model.entry_id]
            place = _row_place(model.entry_id)
            fragments.append(Fragment(_FILE.name, place, _entry(model, name), model.entry_id, name))
        return tuple(fragments)

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        rows = rows_at(mapping_of(trees.get(_FILE.name)), "model_list")
        ours = own.keys() | {(fragment.file, fragment.place) for fragment in fragments}
        foreign: dict[str, list[Any]] = {}
        for row in rows:
            if (_FILE.name, _row_place(text_at(row, "model_info.id"))) not in ours:
                foreign.setdefault(text_at(row, "model_name"), []).append(row)
        for fragment in fragments:
            for row in foreign.get(fragment.name, ()) if is_named_anew(fragment, own) else ():
                match = tuple((key, value_at(row, key)) for key in ("model_name", "model_info.id"))
                yield Clash(fragment, ("model_list", Row(match)))

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        tree = mapping_of(trees.get(_FILE.name))
        return tuple(_read(number, row) for number, row in enumerate(rows_at(tree, "model_list"), start=1))

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        if _kinds_of(model.value("multimodal_mime_types")):
            yield from attachment_losses(self, model, ("pdf", "audio", "video"))
        elif not model.is_set("multimodal_mime_types"):
            words = f"Attachment Types is not set. PDF, audio and video are written as No, since {_SINCE}."
            yield Loss(model.name, "multimodal_mime_types", words)


def _row_place(identity: Any) -> Place:
    return ("model_list", Row((("model_info.id", identity),)))


def _entry(model: ExportedModel, name: str) -> dict[str, Any]:
    parameters: dict[str, Any] = {"model": model.litellm_model}
    address = own_address(model)
    if address:
        parameters["api_base"] = address
    parameters |= {argument: f"{_REFERENCE}{variable}" for argument, variable in _references(model).items()}
    placeholder = placeholder_key(model)
    if placeholder:
        parameters["api_key"] = placeholder
    if model.provider_id == ModelProviderName.amazon_bedrock and not model.is_custom:
        parameters["aws_region_name"] = BEDROCK_REGION
    parameters |= effort_arguments(model)
    said = said_values(_VALUES, model)
    kinds = _kinds_of(model.value("multimodal_mime_types"))
    for key in _ATTACHMENTS:
        put_dotted(said, key, key in kinds)
    return {
        "model_name": name,
        "litellm_params": {**parameters, **said.get("litellm_params", {})},
        "model_info": {"id": model.entry_id, "mode": "chat", **said["model_info"]},
    }


def _references(model: ExportedModel) -> dict[str, str]:
    """Litellm's argument → the variable that it is read from; the address of a local program is written out."""
    row = row_of(model)
    if row is None:
        return {"api_key": model.key_variable} if model.key_variable else {}
    return {
        field.argument: field.env_var
        for field in row.credentials
        if field.argument and not (field.argument == "api_base" and row.base_url)
    }


def _read(number: int, row: Any) -> ReadModel:
    name, string = text_at(row, "model_name"), text_at(row, "litellm_params.model")
    if not name or not string:
        raise ValueError(f"Entry {number} of model_list has no model_name or no litellm_params.model.")
    address, key = text_at(row, "litellm_params.api_base"), value_at(row, "litellm_params.api_key")
    not_understood = keys_not_understood((*_PLACES, *_VALUES, *_BY_HAND), row, (*_UNDERSTOOD, *_credentials_of(row)))
    model_id, provider = place_of(string, "" if _variable_in(address) else address, _variable_in(key), key)
    if _variable_in(address) and _variable_in(address) != _address_variable(provider):
        not_understood.append("litellm_params.api_base")
    values, stated = read_values(_VALUES, row)
    types = [mime for key, samples in _ATTACHMENTS.items() if value_at(row, key) is True for mime in samples]
    if types:
        values |= {"multimodal_mime_types": types, "multimodal_capable": True}
    effort = read_effort(value_at(row, "litellm_params.extra_body"), value_at(row, "litellm_params"))
    identity = value_at(row, "model_info.id")
    place = (("model_info.id", identity),) if isinstance(identity, str) else (("model_name", name),)
    return ReadModel(
        name=name,
        model_id=model_id,
        provider=provider,
        values=values | effort,
        stated=stated | effort.keys() | ({"multimodal_mime_types", "multimodal_capable"} if types else set()),
        not_understood=tuple(not_understood),
        place=("model_list", Row(place)),
        file=_FILE.name,
    )


def _address_variable(provider: ReadProvider) -> str:
    row = PROVIDER_BY_ID.get(provider.provider_id or "")
    return row.base_url_field.env_var if row is not None and row.base_url_field is not None else ""


def _variable_in(key: Any) -> str:
    return key.removeprefix(_REFERENCE) if isinstance(key, str) and key.startswith(_REFERENCE) else ""


def _credentials_of(row: Any) -> tuple[str, ...]:
    """The further credentials that an entry refers to by variables."""
    parameters = value_at(row, "litellm_params")
    if not isinstance(parameters, Mapping):
        return ()
    return tuple(f"litellm_params.{name}" for name, value in parameters.items() if _variable_in(value))
