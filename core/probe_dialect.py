"""How an endpoint wants to be asked, as far as its refusals have told: `Dialect`.

A refusal for a value is none of what was asked for: the same is asked again with a value that fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import RunError
from core.run_spec import RunSpec

ALTERNATIVES: Final = 5
"""How many log probabilities are asked for at each place."""

_OTHER_NAME: Final = "max_completion_tokens"
_LEAST_TEMPERATURE: Final = 0.01
_MOST_LEAST_TOKENS: Final = 256
_USUAL_LEAST_TOKENS: Final = 16
_LARGEST_PICTURE_SIDE: Final = 1024

_POSITIVE = re.compile(r"(?i)positive|(greater|larger|more) than (or equal to )?0|> ?=? ?0|above (0|zero)|non-?zero")
_LEAST = re.compile(
    r"(?i)(?:at least|minimum|min|>=|greater than or equal to|smaller than|less than|below)\D{0,30}?(\d+)"
)
_MOST = re.compile(
    r"(?i)(?:at most|maximum|max|<=|less than or equal to|between 0 and|exceed|greater than)\D{0,30}?(\d+)"
)
_OF_A_PICTURE = re.compile(r"(?i)small|dimension|resolution|pixel|width|height|size")


@dataclass(slots=True)
class Dialect:
    """What the endpoint has taught: `learn` takes a refusal in."""

    takes_temperature: bool = True
    counts_when_asked: bool = True
    """Whether it takes the wish for a count of tokens."""
    least_temperature: float = 0.0
    limit_parameter: str = "max_tokens"
    least_tokens: int = 1
    most_alternatives: int = ALTERNATIVES
    least_picture_side: int = 0
    """In pixels."""
    takes_detail: bool = True
    """Whether pictures may say in how much detail they are wanted."""
    detail_is_known: bool = False
    """Once a picture was taken so."""

    def learn(self, failure: RunError, run: RunSpec) -> bool:
        """Whether the same can now be asked in another way, which a refusal of this run has told."""
        if failure.status not in (400, 422):
            return False
        rules: tuple[Callable[[str, RunSpec], bool], ...] = (
            self._learn_name_of_tokens,
            self._learn_alternatives,
            self._learn_least_tokens,
            self._learn_temperature,
            self._learn_picture_side,
            self._learn_detail,
        )
        return any(rule(failure.detail, run) for rule in rules)

    def notice(self, sent: Mapping[str, Any], requests: int) -> None:
        """Takes in the request that was answered, where a run had to ask more than once."""
        if requests > 1:
            self.counts_when_asked = self.counts_when_asked and "stream_options" in sent
            if _OTHER_NAME in sent:
                self.limit_parameter = _OTHER_NAME

    def temperature(self, asked: float | None) -> float | None:
        """The temperature that goes out."""
        if asked is None or not self.takes_temperature:
            return None
        return max(asked, self.least_temperature)

    def _learn_name_of_tokens(self, words: str, _run: RunSpec) -> bool:
        if self.limit_parameter == _OTHER_NAME or _OTHER_NAME not in words:
            return False
        self.limit_parameter = _OTHER_NAME
        return True

    def _learn_alternatives(self, words: str, run: RunSpec) -> bool:
        if not run.logprobs or "top_logprobs" not in words:
            return False
        found = _MOST.search(words)
        most = int(found[1]) if found else 2
        if not 0 < most < self.most_alternatives:
            return False
        self.most_alternatives = most
        return True

    def _learn_least_tokens(self, words: str, run: RunSpec) -> bool:
        allowed = run.max_tokens or 0
        if not re.search(r"(?i)max_(completion_|output_)?tokens", words):
            return False
        found = _LEAST.search(words)
        least = int(found[1]) if found else _USUAL_LEAST_TOKENS if "minimum" in words else 0
        if not max(allowed, self.least_tokens) < least <= _MOST_LEAST_TOKENS:
            return False
        self.least_tokens = least
        return True

    def _learn_temperature(self, words: str, run: RunSpec) -> bool:
        if "temperature" not in words or "top_p" in words or run.temperature is None:
            return False
        if run.temperature == 0 and _POSITIVE.search(words):
            self.least_temperature = _LEAST_TEMPERATURE
        else:
            self.takes_temperature = False
        return True

    def _learn_picture_side(self, words: str, run: RunSpec) -> bool:
        found = _LEAST.search(words) if run.images and _OF_A_PICTURE.search(words) else None
        side = int(found[1]) if found else 0
        if not self.least_picture_side < side <= _LARGEST_PICTURE_SIDE:
            return False
        self.least_picture_side = side
        return True

    def _learn_detail(self, _words: str, run: RunSpec) -> bool:
        """Runs do not send it: whatever the words are, it is left out before a picture counts as refused."""
        has_picture = any(image.mime_type.startswith("image/") for image in run.images)
        if not has_picture or self.detail_is_known or not self.takes_detail:
            return False
        self.takes_detail = False
        return True
