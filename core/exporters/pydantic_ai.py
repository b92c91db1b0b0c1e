"""pydantic-ai: a Python module of models, each a block between marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

from typing_extensions import override

from core.exporters.addresses import builtin_at
from core.exporters.attachment_kinds import attachment_losses, kind_of
from core.exporters.pydantic_ai_code import (
    AUDIO_TYPES,
    DOCUMENT_TYPES,
    IMPORTS,
    IMPORTS_BLOCK,
    THINK_TAGS,
    CodeFacts,
    identifiers,
    read_block,
    write_block,
)
from core.exporters.python_names import names_outside
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
    read_values,
    said_values,
)
from core.exporters.subject import ExportedModel
from core.field_specs import UNSET
from core.fields import StructuredOutputMode
from core.structured_output import TOOL_MODES, effective_mode

_FILE: Final = TargetFile("muster_models.py", Format.PYTHON)
_Mode = StructuredOutputMode
_KINDS: Final = ("pdf", "audio")
_MODES: Final[Mapping[str, str]] = {
    _Mode.json_schema: _Mode.json_schema,
    _Mode.function_calling: _Mode.function_calling,
    _Mode.function_calling_weak: _Mode.function_calling_weak,
    _Mode.json_mode: _Mode.json_instruction_and_object,
    _Mode.json_instruction_and_object: _Mode.json_instruction_and_object,
    _Mode.json_instructions: _Mode.json_instructions,
    _Mode.json_custom_instructions: _Mode.json_instructions,
}
"""What pydantic-ai does for each of our modes, named by that of ours which does the same."""


_SINCE: Final = "pydantic-ai takes what is left out from the model’s family"


def _said_mode(mode: str) -> Any:
    return str(_MODES[mode]) if mode in _MODES else UNSET


def _said_types(types: Iterable[str]) -> list[str]:
    wanted = set(types)
    audio = sorted(AUDIO_TYPES) if any(kind_of(item) == "audio" for item in wanted) else []
    return [*(item for item in DOCUMENT_TYPES if item in wanted), *audio]


class PydanticAi(Target):
    """pydantic-ai. What a profile leaves out comes from the model's family, so that what is known is always stated."""

    id: ClassVar[str] = "pydantic-ai"
    title: ClassVar[str] = "pydantic-ai"
    verified_with: ClassVar[str] = "pydantic-ai-slim 2.68.0"
    key_words: ClassVar[str] = "Set {names} in the environment of your program."
    next_words: ClassVar[str] = "Import a model from the file by its name, such as {name}."
    rules: ClassVar[tuple[FieldRule, ...]] = (
        FieldRule("model_id", "model_name", note="The model's first argument."),
        FieldRule("name", "docstring"),
        FieldRule("base_url", "base_url"),
        FieldRule("key", "api_key", note="Taken from the environment."),
        FieldRule("supports_function_calling", "supports_tools", Unset.YES, always=True),
        FieldRule("supports_structured_output", "supports_json_schema_output", Unset.YES, always=True),
        FieldRule(
            "structured_output_mode",
            "default_structured_output_mode",
            write=_said_mode,
            note="With strict tools and JSON objects on or off as the mode has them.",
        ),
        FieldRule("reasoning_capable", "supports_thinking", Unset.NO, always=True, since=_SINCE),
        FieldRule(
            "parser",
            "thinking_tags",
            write=lambda parser: THINK_TAGS if parser else UNSET,
            read=lambda tags: "optional_r1_thinking" if tags == THINK_TAGS else UNSET,
        ),
        FieldRule("supports_vision", "supports_image_input", Unset.YES, always=True),
        FieldRule(
            "multimodal_mime_types",
            "supports_document_input",
            write=_said_types,
            read=lambda types: types or UNSET,
            note="With supported_document_media_types and supports_audio_file_input.",
        ),
        FieldRule("supports_logprobs", "openai_unsupported_model_settings", Unset.YES, always=True),
        FieldRule("context_tokens", "context_window"),
        FieldRule("output_tokens", None),
        FieldRule("default_thinking_level", "openai_reasoning_effort", note="In the model's settings."),
    )

    @override
    def default_path(self) -> Path:
        return Path.home() / _FILE.name

    @override
    def files(self, models: Sequence[ExportedModel]) -> tuple[TargetFile, ...]:
        return (_FILE,)

    @override
    def fragments(self, models: Sequence[ExportedModel]) -> tuple[Fragment, ...]:
        if not models:
            return ()
        owners = tuple(model.entry_id for model in models)
        fragments = [Fragment(_FILE.name, (IMPORTS_BLOCK,), IMPORTS, "", IMPORTS_BLOCK, owners)]
        for model, name in zip(models, identifiers([model.name for model in models]), strict=True):
            facts = CodeFacts(
                name=name,
                provider_name=model.provider_name,
                is_openai=not model.is_custom and model.provider_id == "openai",
                base_url=model.base_url,
                key_variable=model.key_variable,
                said=self._said(model),
            )
            fragments.append(Fragment(_FILE.name, (name,), write_block(facts), model.entry_id, name))
        return tuple(fragments)

    def _said(self, model: ExportedModel) -> dict[str, Any]:
        said = said_values(self.rules, runnable(model))
        # Known to be none, as against not known: that is said, too.
        said.setdefault("supports_document_input", [])
        return said

    @override
    def clashes(
        self, fragments: Sequence[Fragment], trees: Trees, texts: Mapping[str, str], own: OwnPieces
    ) -> Iterable[Clash]:
        taken = {name: names_outside(text) for name, text in texts.items()}
        for fragment in fragments:
            if fragment.entry_id and fragment.name in taken.get(fragment.file, ()) and is_named_anew(fragment, own):
                yield Clash(fragment)

    @override
    def read(self, trees: Trees) -> tuple[ReadModel, ...]:
        blocks = trees.get(_FILE.name, {})
        if not isinstance(blocks, Mapping):
            raise ValueError("It holds no blocks of models.")  # noqa: TRY004 (not the caller's mistake)
        models = []
        for name, code in blocks.items():
            facts = read_block(name, code)
            if facts is None:
                continue
            values, stated = read_values(self.rules, facts.said)
            values.setdefault("structured_output_mode", str(_Mode.function_calling))
            if values.get("supports_vision") or values.get("multimodal_mime_types"):
                values["multimodal_capable"] = True
            if values.get("multimodal_mime_types"):
                stated |= {"multimodal_capable"}
            shown = str(values.setdefault("name", name))
            models.append(
                ReadModel(
                    name=shown,
                    model_id=values["model_id"],
                    provider=ReadProvider(
                        facts.provider_name,
                        facts.base_url,
                        _builtin_of(facts),
                        facts.key_variable,
                        facts.holds_key,
                    ),
                    values=values,
                    stated=stated,
                    not_understood=facts.not_understood,
                    place=(name,),
                    file=_FILE.name,
                )
            )
        return tuple(models)

    @override
    def more_losses(self, model: ExportedModel) -> Iterable[Loss]:
        decided = runnable(model)
        mode = decided.value("structured_output_mode")
        if decided.value("supports_function_calling") != model.value("supports_function_calling"):
            words = "Supports Function Calling is written as Yes: pydantic-ai refuses tool output where it is No."
            yield Loss(model.name, "supports_function_calling", words)
        if decided.value("supports_structured_output") != model.value("supports_structured_output"):
            words = "Supports Structured Output is written as Yes: pydantic-ai refuses native output where it is No."
            yield Loss(model.name, "supports_structured_output", words)
        if model.provider.structured_output_mode is _Mode.default and model.is_set("structured_output_mode"):
            words = f"The provider’s default is written as what it is now: {mode}."
            yield Loss(model.name, "structured_output_mode", words)
        if mode in (_Mode.json_mode, _Mode.json_custom_instructions):
            words = "pydantic-ai puts the schema into the prompt in this mode as well."
            yield Loss(model.name, "structured_output_mode", words)
        if model.value("parser") == "r1_thinking":
            words = "In pydantic-ai an answer without a <think> block is no error."
            yield Loss(model.name, "parser", words)
        if not model.is_set("multimodal_mime_types"):
            words = (
                "Attachment Types is not set. Documents and audio are written as No, since pydantic-ai takes what is "
                "left out for Yes."
            )
            yield Loss(model.name, "multimodal_mime_types", words)
        yield from attachment_losses(self, model, _KINDS)

    @override
    def decided(self, model: ExportedModel) -> ExportedModel:
        return runnable(model)


def runnable(model: ExportedModel) -> ExportedModel:
    """The model with its mode named, and with what pydantic-ai insists on for it."""
    provider = model.provider
    mode = provider.structured_output_mode
    if mode is _Mode.unknown:
        return model
    mode = effective_mode(mode, provider.name)
    changed: dict[str, Any] = {"structured_output_mode": mode}
    if mode in TOOL_MODES:
        changed["supports_function_calling"] = True
    if mode is _Mode.json_schema:
        changed["supports_structured_output"] = True
    return replace(model, provider=provider.model_copy(update=changed))


def _builtin_of(facts: CodeFacts) -> str | None:
    if facts.is_openai and not facts.base_url:
        return "openai"
    row = builtin_at(facts.base_url)
    return str(row.name) if row is not None else None
