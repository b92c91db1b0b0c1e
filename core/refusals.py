"""What a refusal says about a feature that was asked for: that it is not there, or something else altogether."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Any, Final

from core.errors import RunError
from core.failures import asks_for_payment, is_too_long
from core.fields import StructuredOutputMode
from core.structured_output import JSON_OBJECT_MODES, TOOL_MODES


class Feature(StrEnum):
    """What a request may ask for beside an answer, as far as refusals are about it."""

    SCHEMA = "schema"
    TOOLS = "tools"
    LOGPROBS = "logprobs"
    FILES = "files"
    SYSTEM = "system"


class Refusal(Enum):
    """What a failure is about."""

    NONE = auto()
    """No refusal: the endpoint did not manage to answer, or something was in the way."""
    FEATURE = auto()
    """Its words name a feature of the request and say that it is not there."""
    BARE = auto()
    """It was refused, and the words do not say that it was for the feature, or that it always will be."""
    PAYMENT = auto()
    """The account is at its end."""


_NAMES: Final[Mapping[Feature, re.Pattern[str]]] = MappingProxyType(
    {
        Feature.SCHEMA: re.compile(r"(?i)response.?format|json[_ ]?(object|mode)|schema|structured|grammar|guided"),
        Feature.TOOLS: re.compile(r"(?i)\btools?\b|tool[_ -]?(choice|call|use)|\bfunctions?\b|function[_ ]call"),
        Feature.LOGPROBS: re.compile(r"(?i)log[_ ]?prob"),
        Feature.FILES: re.compile(
            r"(?i)image|vision|visual|picture|multi-?modal|modalit|content.{0,12}(type|part|array|string)"
            r"|\bfiles?\b|pdf|document|mime|attachment"
        ),
        Feature.SYSTEM: re.compile(r"(?i)system.{0,10}(role|prompt|message|instruction)|role.{0,15}system"),
    }
)

_UNSUPPORTED = re.compile(
    r"(?i)not (currently |yet )?(supported|available|implemented|allowed|permitted|enabled)|unsupported|disabled"
    r"|(does|do)(n't| not) (support|accept|allow|have)|no endpoints found that support|cannot be used"
    r"|unknown (field|param|arg|name)|unrecogni[sz]ed|extra (inputs|fields)|unexpected (keyword|field|param)"
    r"|\bat most 0\b|is not a multi-?modal|\brequires? --\w"
)
_OTHER_PARAMETER = re.compile(
    r"(?i)max_(completion_)?tokens|temperature|top_p|\bstream|\bseed\b|penalty|\bmodel id\b|protocol|upstream"
)
_FILTERED = re.compile(
    r"(?i)content[ _-]?(management|filter|policy)|filtered|moderation|safety|flagged|inappropriate|policy violation"
)
_MODELS_OWN_FAULT = re.compile(r"(?i)failed_generation|failed to (call|generate)|tool_use_failed|json_validate_failed")
_NOT_NOW = re.compile(
    r"(?i)try (it )?again|\bretry|\blater\b|\bbusy\b|overload|temporar|capacity|\bloading\b|time[ds]? ?out|in progress"
    r"|conflict|\blocked\b|too many requests|rate limit"
)
_IN_THE_WAY = re.compile(
    r"(?i)\breset\b|upstream|\bdisk\b|\bstorage\b|\bupload|failed to|time-?d? ?-?out|invalid schema|crash|handler"
)
"""What went wrong on the way, or with this one request: it may be gone the next time, and says nothing of a feature."""
_OF_ITS_SIZE = re.compile(
    r"(?i)too (small|large|big|long|short|many|few|low|high)|at (least|most)\b|minimum|maximum|exceed|between \d"
    r"|must be (<|>|less|greater|above|below|a positive)|dimension|resolution"
    r"|could(n't| not) (process|download|decode|fetch)"
)
_NEVER_A_NO: Final = frozenset({401, 403, 408, 409, 413, 423, 425, 429, 451})
_FAILURES_THAT_MAY_REFUSE: Final = frozenset({500, 501})
"""llama.cpp refuses images with status 500 and the words "not supported"."""


def refusal_of(failure: RunError, features: Iterable[Feature]) -> Refusal:
    """What a failure says about the features that the request asked for."""
    if asks_for_payment(failure):
        return Refusal.PAYMENT
    asked, status, words = tuple(features), failure.status, failure.detail
    if not asked or status is None or not _may_refuse(status) or is_too_long(failure):
        return Refusal.NONE
    if _FILTERED.search(words) or _MODELS_OWN_FAULT.search(words):
        return Refusal.NONE
    named = any(_NAMES[feature].search(words) for feature in asked)
    unsupported = _UNSUPPORTED.search(words) is not None
    in_the_way = _IN_THE_WAY.search(words) is not None
    if _NOT_NOW.search(words):
        return Refusal.NONE
    if named and unsupported:
        return Refusal.BARE if in_the_way else Refusal.FEATURE
    if status in (404, 500) or in_the_way or _OF_ITS_SIZE.search(words):
        return Refusal.NONE
    return Refusal.FEATURE if unsupported and not _OTHER_PARAMETER.search(words) else Refusal.BARE


def mentions(failure: RunError, features: Iterable[Feature]) -> bool:
    """Whether a request was refused with words about one of these features, whatever they say of it."""
    words = failure.detail
    if failure.status not in (400, 422) or _FILTERED.search(words) or _MODELS_OWN_FAULT.search(words):
        return False
    return any(_NAMES[feature].search(words) for feature in features)


def _may_refuse(status: int) -> bool:
    return (400 <= status < 500 and status not in _NEVER_A_NO) or status in _FAILURES_THAT_MAY_REFUSE


def features_of(parameters: Mapping[str, Any], *, files: bool = False, system: bool = False) -> frozenset[Feature]:
    """What a request with these parameters asks for."""
    found = {
        Feature.SCHEMA: "response_format" in parameters,
        Feature.TOOLS: "tools" in parameters,
        Feature.LOGPROBS: "logprobs" in parameters,
        Feature.FILES: files,
        Feature.SYSTEM: system,
    }
    return frozenset(feature for feature, is_asked in found.items() if is_asked)


def features_of_mode(mode: StructuredOutputMode) -> frozenset[Feature]:
    """What a run in a structured output mode asks for."""
    if mode in TOOL_MODES:
        return frozenset({Feature.TOOLS})
    uses_format = mode in JSON_OBJECT_MODES or mode is StructuredOutputMode.json_schema
    return frozenset({Feature.SCHEMA}) if uses_format else frozenset()


def names_parameter(failure: RunError, name: str) -> bool:
    """Whether a refusal is about this parameter of a request."""
    return failure.status in (400, 422) and name in failure.detail
