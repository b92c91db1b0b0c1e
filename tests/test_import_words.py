"""The words of an import that cannot be done: proper sentences, whatever was given."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, cast

import pytest

from core.errors import MusterError
from core.fields import OVERRIDABLE
from core.import_texts import LARGEST_BYTES, LARGEST_YAML_BYTES, MOST_YAML_VALUES
from core.importing import Plan, apply, known_sources, plan_change, plan_import, title_of
from core.providers import PROVIDERS
from core.registry import Registry
from tests.imports import llm_file, llm_row, model_of, roll_of_box, share_of
from tests.rolls import BOX, custom

SPECIAL: Final = "“”‘’\"'()[]{}<>:;,.!?/→"
NAMES: Final = frozenset(
    word.strip(SPECIAL)
    for name in (
        "Muster", "JSON", "JSON5", "YAML", "Python", "UTF-8", "MB", "URL", "API", "ID", "NUL", "Key",
        "PDF", "LM Studio", "vLLM", "Ollama", "Providers", "OpenAI-compatible", "Endpoint",
        *map(title_of, known_sources()),
        *(spec.label for spec in OVERRIDABLE.values()),
        *(row.display_name for row in PROVIDERS),
    )
    for word in name.split()
)  # fmt: skip
"""Words that have a capital letter wherever they stand."""

LABEL: Final = re.compile(
    r"^(?:(?:Custom provider |Provider )?“[^”]*”|[A-Z_]+|(?:Row|Model) \d+(?: \(.*?\))?): (?=[A-Z“])"
)
"""What stands before a sentence and says whose it is."""

FIELD: Final = re.compile(r"^(Row \d+ \([^)]*\)): [a-z]+_[a-z_]+ (?=is missing)")
"""A problem that begins with the name of a field as the file has it."""

URLS: Final[tuple[Any, ...]] = (
    "",
    "http://[",
    "ftp://a",
    "http://a b",
    "http://u:p@",
    "nonsense",
    "http://a:99999",
    5,
    None,
    "http://",
)


def _quoted_away(text: str) -> str:
    """The text with everything that is somebody else's word for something taken out."""
    return re.sub(r"“[^”]*”|'[^']*'|\([^()]*\)", "x", text)


def faults_of(text: str) -> Iterator[str]:
    """What is wrong with a text that should be whole sentences."""
    if text != text.strip() or "  " in text or "\n" in text:
        yield "space"
    if not re.fullmatch(r"[A-Z“].*[.?!]", text, re.DOTALL):
        yield "no capital letter at its start, or no full stop at its end"
    plain = _quoted_away(text)
    if re.search(r"(?<!\.)\.\.(?!\.)|[:;,]\.|[.?!] ?[,;:]|\.\.\.", plain):
        yield "marks that do not belong together"
    if re.search(r"\b(?:Error|Exception|Traceback|None|NoneType|dict|str|errno)\b|<class", plain):
        yield "words of a library"
    for sentence in re.split(r"(?<=[.?!]) +", plain):
        first, *others = sentence.split()
        if first.strip(SPECIAL)[:1].islower() and first != "x":
            yield f"“{first}” begins a sentence"
        for word in others:
            bare = word.strip(SPECIAL).split("’")[0]
            if bare[:1].isupper() and bare not in NAMES and not re.fullmatch(r"U\+\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]*", bare):
                yield f"“{word}” has a capital letter within a sentence"


TEXTS: Final = (
    "", "hello there", "{}", "[]", "[1, 2]", "null", "1", '"a"', "a: 1\n\0", "\x1b[2J", '{"format": ',
    '{"a": 1,\n"a": 2}',
    "{a: 1}", "{'a': 1}", "{a}", '{"a": 01}', '{"a": "\\x"}', '{"a": "\\q" ', "/* c", "[1,,2]", '{"a": NaN}',
    '{"a": ' + "9" * 5000 + "}", "[" * 70 + "]" * 70, "[" * 5000, "{,}", '{"a" 1}', '{"a": 1} x', '[1 2', "- a\n b: [",
    "a: 'b", "a: [1", "a: b: c", "a: !!python/object:os.system x", "a: &a [*a]", "a: *nobody", "%YAML 3.0\n---\na: 1",
    "--- a\n--- b", "a: 1\na: 2", "\t- a", "a: \"\\q\"", "!<x", "? a", "- a\nb", "<<<<<<< HEAD\na: 1\n=======\n",
    "/no/such/place/settings.yaml", "missing.yaml", "~nobody/a.yaml",
    "model_list: 5", "model_list: [5]", "model_list: [{}]", '{"models": 5}', '{"model_list": [{"model_name": "a"}]}',
    "user_model_registry: 5", "user_model_registry: [5, {}, {model_id: 1}]", "openai_compatible_providers: x",
    "custom_models: [nobody, 'nobody::x', 5]", "user_model_registry: [", "user_model_registry:\n\t- a",
    "user_model_registry:\n- a: 1\n  a: 2\n", "import pydantic_ai\n# muster: x begin\n", "def",
    "# >>> muster: a >>>\nx = (\n# <<< muster: a <<<\n", "curl", "curl -d '{\"model\": \"a\"}'", "curl http://[",
    "curl $URL/v1/chat/completions", "curl http://$HOST/v1", "curl http://a.example/$V", "curl http://u:p@a.example/v1",
    "curl http://a.example/v1/images/generations", "curl http://a.example/anthropic/v1/messages",
    "curl http://a.example/openai/deployments/b/chat/completions", "curl $AZURE_OPENAI_ENDPOINT/openai/v1/responses",
    "curl https://a.openai.azure.com/openai/deployments/b/chat/completions -d @file",
    "curl http://a.example/v1 -d 'x'", "curl ftp://a.example -d '{\"model\": 5}'", "curl http://a.example/v1 -d @file",
    "OPENAI_BASE_URL=nonsense\n", "FOO=bar\n", "OPENAI_API_KEY=x\nOLLAMA_HOST=http://[\n", "AWS_ACCESS_KEY_ID=x",
)  # fmt: skip


def trees() -> Iterator[Any]:
    """What each tool's file may hold that nobody should write."""
    rows: Any
    url: Any
    providers: list[Any] = [5, [], {"a": 5}, {"a": {"models": 5}}, {"a": {"models": {"m": 5}}}]
    yield from ({"provider": odd} for odd in providers)
    yield {"provider": {"a": {"models": {"m": {"limit": {"context": 1}, "modalities": {"input": ["x"]}}}}}}
    yield {"provider": {"a": {"models": {"m": {"modalities": {"input": ["x"]}}}}}}
    yield from ({"language_models": odd} for odd in (5, {"openai_compatible": {"a": 5, "b": {"api_url": "x"}}}))
    model = {"name": "a", "max_tokens": 5, "capabilities": {}}
    for rows in ([{}], [{"name": "a"}], [model], 5):
        yield {"language_models": {"openai_compatible": {"a": {"api_url": "http://a", "available_models": rows}}}}
    base = {"name": "a", "engine": "openai", "display_name": "a", "base_url": "http://a/v1"}
    yield from ({**base, "models": odd} for odd in (5, [5], [{"name": "a", "context_limit": "x"}], []))
    yield {**base, "models": [{"name": "a", "reasoning": 5}]}
    yield {**base, "models": [], "dynamic_models": False}
    yield {**base, "engine": "x", "models": []}
    yield {"engine": "x", "models": []}
    yield from ({"endpoints": odd} for odd in (5, {"custom": 5}, {"custom": [5]}))
    yield from (
        {"version": "1", "endpoints": {"custom": odd}} for odd in (5, [5], [{"name": "a", "models": {"default": [{}]}}])
    )
    yield from ([{"vendor": "customendpoint", "models": odd}] for odd in (5, [5], [{"id": "a", "url": "x"}]))
    yield from ([{"model_id": "a", "model_name": odd}] for odd in ("b", 5, None, ""))
    yield from ([{"name": "openai/a", key: 5}] for key in ("edit_format", "colour", "extra_params"))
    yield {"openai/a": {"litellm_provider": "openai", "mode": 5}, "x": {"litellm_provider": 5}}
    yield from ({"name": "a", "version": "1", "models": odd} for odd in (5, [5], [{"name": "a", "provider": "x"}]))
    row = {"name": "a", "provider": "openai", "model": "m"}
    yield from (
        {"name": "a", "version": "1", "models": [{**row, key: odd}]}
        for key in ("roles", "capabilities")
        for odd in (5, ["x"])
    )
    yield {"name": "a", "models": []}
    for url in URLS:
        yield [llm_row("m", url)]
        yield {"model_list": [{"model_name": "a", "litellm_params": {"model": "openai/a", "api_base": url}}]}
        yield json.loads(share_of(model_of("a", "P"))) | {"providers": [{"name": "P", "base_url": url}]}
        yield {
            "user_model_registry": [model_of("a", "P")],
            "openai_compatible_providers": [{"name": "P", "base_url": url}],
        }
        yield {"name": "a", "version": "1", "models": [{**row, "apiBase": url}]}
        yield {**base, "base_url": url, "models": [{"name": "m"}]}
    share: dict[str, Any] = {"format": "muster-roll"}
    yield from (share | {"version": odd} for odd in (None, True, 0, 99, "1"))
    yield share | {"version": 1, "models": 5, "providers": 5}
    odd_models: list[Any] = [
        5,
        {},
        model_of() | {"model_id": 5},
        model_of("x" * 999),
        model_of("a\x07"),
        model_of("a", "nobody"),
        model_of() | {"provider_id": 5},
    ]
    odd_models += [model_of("a", overrides=5), model_of("a", overrides={"parser": 5, "colour": 1, "context_tokens": 9})]
    odd_models += [
        {"provider_type": "builtin", "provider_id": name, "model_id": "x"}
        for name in ("nobody", "kiln_custom_registry")
    ]
    odd_models += [model_of("b", overrides={"available_thinking_levels": {"a": "b"}, "default_thinking_level": "c"})]
    odd_models += [
        model_of("c", overrides={"available_thinking_levels": {"a": "b"}}),
        model_of("d", evidence={"reports": [5]}),
    ]
    odd_providers: list[Any] = [BOX, 5, {"name": "Q"}, {"name": "R", "base_url": "x"}]
    yield share | {"version": 1, "colour": 1, "providers": odd_providers, "models": odd_models}
    yield {"user_model_registry": odd_models, "openai_compatible_providers": odd_providers}


def said_by(plan: Plan) -> Iterator[str]:
    """Everything that a plan says in sentences."""
    yield from (LABEL.sub("", FIELD.sub(r"\1: It ", problem)) for problem in plan.problems)
    yield from plan.notes
    for item in (*plan.add, *plan.replace, *plan.skip):
        yield from item.notes
        yield from filter(None, (item.reason,))
    for provider in plan.providers:
        yield from provider.notes
    for redirect in plan.redirects:
        yield redirect.words


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A roll with the provider “Box” and its key, two models of it, and a legacy model."""
    return roll_of_box(tmp_path)


def _all_given(tmp_path: Path) -> Iterator[Any]:
    """Each bad input as it would be pasted, and as a file of each name that something is made of."""
    texts = (*TEXTS, *map(json.dumps, trees()))
    for number, text in enumerate(texts):
        yield text
        for suffix in (".yaml", ".json", ".muster-roll", ".py", ".env"):
            path = tmp_path / f"given {number}{suffix}"
            path.write_text(text, encoding="utf-8")
            yield path


def _other_things(tmp_path: Path) -> Iterator[Any]:
    """What is no text at all, or cannot be opened."""
    yield from (None, 5, [], b"abc", Path("\0"), tmp_path, tmp_path / "gone.yaml")
    yield from ("x" * (LARGEST_BYTES + 1), "- " + "x" * LARGEST_YAML_BYTES, "- a\n" * (MOST_YAML_VALUES + 1))
    folder = tmp_path / "a folder.yaml"
    folder.mkdir()
    yield folder
    for name, data in (("binary.yaml", b"\x80\x81\xff"), ("control.yaml", b"\x1b[2J"), ("cut.yaml", b"\xff\xfea")):
        path = tmp_path / name
        path.write_bytes(data)
        yield path
    huge = tmp_path / "huge.muster-roll"
    with huge.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    yield huge
    if hasattr(os, "mkfifo"):
        pipe = tmp_path / "pipe.yaml"
        os.mkfifo(pipe)
        yield pipe


def _check(found: set[str], said: Iterable[str]) -> None:
    found.update(f"{text[:300]!r}: {fault}" for text in said for fault in faults_of(text))


def test_whatever_cannot_be_imported_is_said_in_proper_sentences(registry: Registry, tmp_path: Path) -> None:
    found: set[str] = set()
    refused, planned = 0, 0
    for what in (*_all_given(tmp_path), *_other_things(tmp_path)):
        for source in (None, *known_sources()):
            try:
                plan = plan_import(registry, what, source)
            except MusterError as error:
                refused += 1
                _check(found, (error.title, error.hint))  # an empty hint is no sentence either
            else:
                planned += 1
                _check(found, said_by(plan))
    assert not found, "\n".join(sorted(found))
    assert refused > 3000
    assert planned > 500


def test_whatever_of_a_plan_cannot_be_done_is_said_in_proper_sentences(registry: Registry, tmp_path: Path) -> None:
    plan = plan_import(
        registry, share_of(model_of("m9", "Box"), model_of("m1", "Far"), Box="http://a/v1", Far="http://b/v1")
    )
    found: set[str] = set()
    wrong: list[dict[str, Any]] = [{"chosen": odd} for odd in ([99], [None], 5, [b"x"])]
    wrong += [{"allow_redirects": odd} for odd in (["nope"], [5], 5, [None])]
    for arguments in wrong:
        with pytest.raises(MusterError) as caught:
            plan_change(registry, plan, **arguments)
        _check(found, (caught.value.title, caught.value.hint))
    for source in ("emacs", cast(Any, 5)):
        with pytest.raises(MusterError) as caught:
            plan_import(registry, "{}", source)
        _check(found, (caught.value.title, caught.value.hint))
    stale = plan_import(registry, llm_file(tmp_path, llm_row("m1", supports_tools=True)))
    registry.replace("id-1", custom("m1", provider_id="Box", overrides={"supports_function_calling": False}))
    with pytest.raises(MusterError) as caught:
        apply(registry, stale)
    _check(found, (caught.value.title, caught.value.hint))
    assert not found, "\n".join(sorted(found))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("it is not a list.", "no capital letter"),
        ("It is not a list", "no full stop"),
        ("It is not: A list.", "“A” has a capital letter"),
        ("Choose a file.. Or none.", "marks"),
        ("Wrong here. choose another.", "begins a sentence"),
        ("It is a NoneType.", "words of a library"),
        ("It is  a list.", "space"),
    ],
)
def test_a_text_that_is_no_proper_sentence_would_be_noticed(text: str, fault: str) -> None:
    assert any(fault in found for found in faults_of(text))
    assert not list(faults_of("“a.yaml” cannot be read (line 3). Correct the JSON of LM Studio, or choose another."))
