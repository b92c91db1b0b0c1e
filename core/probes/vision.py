"""Whether the model reads pictures, and files of other kinds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core.probe_bench import Bench, Question
from core.probe_limits import Exhausted
from core.probe_pictures import corrupt_image, digits_image, text_pdf
from core.probe_wire import RawAnswer
from core.probes.trials import (
    Finding,
    Judge,
    Judgement,
    denied,
    judge_failure,
    judge_missing,
    passed,
    try_until_sure,
    unclear,
)
from core.run_spec import Attachment
from core.verdicts import Outcome

_PROMPT: Final = "Read the four-digit number in the image. Answer with the number only."
_FILE_PROMPT: Final = "What is the password in the file? Answer with it only."
_TOKENS: Final = 24
_SINGLE_DIGITS = re.compile(r"(?<![\d,.\-])\d(?:(?:\s|[,\-]|\.\s)+\d)+(?!\d)")
_GROUPED = re.compile(r"(?<![\d,.])(\d)[,.](\d{3})(?![\d,.]*\d)")
"""4,729 as a number of four digits may be written."""
_SEES_NONE = re.compile(
    r"(?i)\b(no|not|cannot|unable)\b.{0,30}\b(see|view|visible|images?|pictures?|numbers?|digits?)\b"
    r"|\w+n['’]t\b.{0,30}\b(see|view|visible)\b"
)
_DECLINES = re.compile(r"(?i)\b(help|assist|comply)\b|against|polic(y|ies)")
_MOST_GUESSES: Final = 3
"""Numbers of four digits in one answer: with more of them the right one may be among them by chance."""


async def probe_vision(bench: Bench) -> Finding:
    """Whether the model reads a number off two pictures; a guess would be right once in 16 million tries."""
    results = [await _read_one(bench, "Vision, first picture")]
    if results[0].outcome is Outcome.NO and results[0].trials == 1 and _was_refused(results[0]):
        return results[0]
    results.append(await _read_one(bench, "Vision, second picture"))
    right = sum(result.outcome is Outcome.YES for result in results)
    if right == 2:
        if not bench.is_tight:
            await _look_further(bench)
        return replace(results[1], reason="Both numbers were read off their pictures.", successes=2, trials=2)
    if all(result.outcome is Outcome.NO for result in results):
        return replace(results[1], reason=await _why_not(bench, results[1]))
    asked = sum(result.asked > 0 for result in results)
    reason = next(result.reason for result in reversed(results) if result.outcome is not Outcome.YES)
    return Finding(Outcome.INCONCLUSIVE, f"{right} of {asked} numbers were read. {reason}" if asked else reason)


def _was_refused(found: Finding) -> bool:
    return found.last is not None and found.last[1].failure is not None


async def _read_one(bench: Bench, words: str, mime_type: str = "image/png", probe: str = "vision") -> Finding:
    def attempt() -> tuple[Question, Judge]:
        digits = bench.nonces.image_digits()
        return Question(_PROMPT, _TOKENS, images=(digits_image(digits, mime_type),)), _judge_digits(digits)

    return await try_until_sure(bench, probe, attempt, words, needed=1, temperatures=(0.0,))


def _judge_digits(digits: str) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        numbers = _numbers_in(answer.answer)
        if digits in numbers and sum(len(number) == len(digits) for number in numbers) <= _MOST_GUESSES:
            return passed("The number was read off the picture.")
        missing = judge_missing(answer)
        if missing is not None:
            return missing
        if not numbers:
            says_none = _SEES_NONE.search(answer.answer) and not _DECLINES.search(answer.answer)
            if says_none:
                return denied("The model says that it sees no number in the picture.")
            return unclear("The answer has no number in digits.")
        if len(numbers) > 1 or digits in "".join(numbers):
            return unclear("The answer has other numbers than the one in the picture.")
        return denied("The answer is not the number in the picture.")

    return judge


def _numbers_in(text: str) -> frozenset[str]:
    """The numbers in a text; single digits that stand in a row are one, so is a number with its thousands apart."""
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in text)
    plain = _GROUPED.sub(r"\1\2", plain)
    plain = _SINGLE_DIGITS.sub(lambda row: re.sub(r"\D", "", row[0]), plain)
    return frozenset(re.findall(r"\d+", plain))


async def _look_further(bench: Bench) -> None:
    """For the record: what comes without a picture, and for one that is damaged."""
    control = Question(_PROMPT, _TOKENS)
    for question, words in (
        (control, "Vision, no picture"),
        (replace(control, images=(corrupt_image(),)), "Vision, a damaged picture"),
    ):
        ran_out = bench.ran_out
        try:
            answer = await bench.ask("vision", question, words)
        except Exhausted:
            bench.ran_out = ran_out  # no verdict needs it
            return
        judgement = judge_failure(answer)
        reason = judgement.reason if judgement else "It answered."
        bench.note("vision", answer, Outcome.INCONCLUSIVE, f"{words}: {reason}")


async def _why_not(bench: Bench, found: Finding) -> str:
    if found.last is None or found.last[1].prompt_tokens is None or bench.is_tight:
        return found.reason
    tokens = found.last[1].prompt_tokens
    try:
        control = await bench.ask("vision", Question(_PROMPT, 1, may_think=False), "Vision, no picture")
    except Exhausted:
        return found.reason
    dropped = control.failure is None and control.prompt_tokens == tokens
    reason = (
        f"Neither number was read: the prompt had {tokens} tokens with the picture and without it."
        if dropped
        else "The pictures were taken, and neither number was read."
    )
    bench.note("vision", control, Outcome.NO if dropped else Outcome.INCONCLUSIVE, reason)
    return reason


@dataclass(frozen=True, slots=True)
class _Kind:
    mime_type: str
    make: Callable[[str], Attachment]


def _text_file(mime_type: str, ending: str, form: str) -> _Kind:
    return _Kind(mime_type, lambda word: Attachment(mime_type, form.format(word).encode(), f"document.{ending}"))


_DOCUMENTS: Final = (
    _Kind("application/pdf", lambda word: text_pdf(f"The password is {word}.")),
    _text_file("text/plain", "txt", "The password is {}."),
    _text_file("text/markdown", "md", "# Notes\n\nThe password is **{}**."),
    _text_file("text/csv", "csv", "name,value\npassword,{}\n"),
    _text_file("text/html", "html", "<html><body><p>The password is {}.</p></body></html>"),
)


async def probe_mime_types(bench: Bench, *, sees: bool) -> dict[str, Finding]:
    """What the model reads, by MIME type: pictures where it sees at all, and documents."""
    found: dict[str, Finding] = {}
    for mime_type in ("image/jpeg", "image/webp", "image/gif") if sees else ():
        found[mime_type] = await _read_one(bench, f"Attachments, {mime_type}", mime_type, "mime_types")
    for kind in _DOCUMENTS:
        found[kind.mime_type] = await _read_document(bench, kind)
    return found


async def _read_document(bench: Bench, kind: _Kind) -> Finding:
    def attempt() -> tuple[Question, Judge]:
        word = bench.nonces.word(4)
        question = Question(_FILE_PROMPT, 32, images=(kind.make(word),))
        return question, _judge_word(word)

    return await try_until_sure(
        bench, "mime_types", attempt, f"Attachments, {kind.mime_type}", needed=1, temperatures=(0.0,)
    )


def _judge_word(word: str) -> Judge:
    def judge(answer: RawAnswer) -> Judgement:
        if _FILE_PROMPT.lower() in answer.answer.lower():
            return unclear("The answer repeats what was asked.")
        if word in re.findall(r"\w+", answer.answer.lower()):
            return passed("The word in the file was read.")
        return judge_missing(answer) or denied("The answer is not the word in the file.")

    return judge
