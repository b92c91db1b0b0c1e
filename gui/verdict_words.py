"""Words for what was measured: verdicts, dates, costs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PureWindowsPath
from typing import Final

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from core.fields import UNSET, FieldSpec
from core.fingerprint import Fingerprint
from core.verdicts import Outcome, Receipt, Report, Verdict
from gui.roll_items import value_words
from gui.words import one_line, tr_core

OUTCOME_ICONS: Final = {
    Outcome.YES: "circle-check",
    Outcome.NO: "circle-x",
    Outcome.INCONCLUSIVE: "help-circle",
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("verdict_words", text)


def outcome_words(outcome: Outcome) -> str:
    """Yes, No or Inconclusive."""
    return {
        Outcome.YES: _tr("Yes"),
        Outcome.NO: _tr("No"),
        Outcome.INCONCLUSIVE: _tr("Inconclusive"),
    }[outcome]


def measured_words(spec: FieldSpec | None, verdict: Verdict) -> str:
    """What was found for a field, as the form would show it; "Inconclusive" where nothing was."""
    if spec is None or verdict.value is Outcome.INCONCLUSIVE:
        return outcome_words(verdict.value)
    if verdict.setting is UNSET:
        return value_words(spec, None) if spec.default is None else outcome_words(verdict.value)
    return value_words(spec, verdict.setting)


def reason_words(verdict: Verdict) -> str:
    """Why, in the person's language."""
    return tr_core(verdict.reason)


def local_time(at: str) -> datetime | None:
    """The moment of an ISO text on the person's clock; None where it is none."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone()


def _qt(moment: datetime) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(moment.timestamp()))


def day_words(at: str) -> str:
    """The day, short: 12 Nov, with the year where it is another one."""
    moment = local_time(at)
    if moment is None:
        return _tr("on an unknown day")
    this_year = moment.year == datetime.now().astimezone().year
    return QLocale().toString(_qt(moment).date(), _tr("d MMM") if this_year else _tr("d MMM yyyy"))


def time_words(at: str) -> str:
    """Day and time: 12 Nov, 14:02."""
    moment = local_time(at)
    if moment is None:
        return at
    return f"{day_words(at)}, {QLocale().toString(_qt(moment).time(), QLocale.FormatType.ShortFormat)}"


def since_words(at: str, until: str) -> str:
    """The day of an earlier moment, with the time where the later one is on that day too."""
    before, after = local_time(at), local_time(until)
    if before is not None and after is not None and before.date() == after.date():
        return time_words(at)
    return day_words(at)


def count_words(count: int, one: str, many: str) -> str:
    """A number with its noun; both texts are translated already, `many` holds {count}."""
    return one if count == 1 else many.format(count=QLocale().toString(count))


def cost_words(calls: int, tokens: int) -> str:
    """Calls and tokens: 8 calls, 470 tokens."""
    return _tr("{calls}, {tokens}").format(
        calls=count_words(calls, _tr("1 call"), _tr("{count} calls")),
        tokens=count_words(tokens, _tr("1 token"), _tr("{count} tokens")),
    )


def report_words(report: Report) -> str:
    """What a measurement found and took: 5 yes, 1 no, 1 inconclusive · 8 calls, 470 tokens, 12 seconds."""
    counts = dict.fromkeys(Outcome, 0)
    for verdict in report.verdicts.values():
        counts[verdict.value] += 1
    words = {
        Outcome.YES: _tr("{count} yes"),
        Outcome.NO: _tr("{count} no"),
        Outcome.INCONCLUSIVE: _tr("{count} inconclusive"),
    }
    found = ", ".join(text.format(count=counts[outcome]) for outcome, text in words.items() if counts[outcome])
    time = count_words(max(1, round(report.seconds)), _tr("1 second"), _tr("{count} seconds"))
    spent = f"{cost_words(report.calls, report.tokens)}, {time}"
    return " · ".join(filter(None, (tr_core(report.stopped_by), found, spent)))


def source_words(title: str) -> str:
    """What a measurement was imported from, short: a file's name without its folders."""
    return one_line(PureWindowsPath(title).name or title, 60)  # it knows both kinds of strokes


def milliseconds_words(time_ms: float) -> str:
    """Time in ms: 1,204 ms."""
    return _tr("{time} ms").format(time=QLocale().toString(round(time_ms)))


def tokens_words(receipt: Receipt) -> str:
    """Tokens in and out; a dash where the endpoint did not count."""
    locale = QLocale()
    counts = (receipt.prompt_tokens, receipt.completion_tokens)
    return " + ".join("–" if count is None else locale.toString(count) for count in counts)


def fingerprint_words(text: str) -> str:
    """What tells the server apart, readable: address, build, template, quantisation, as far as they are known."""
    fingerprint = Fingerprint.from_text(text)
    parts = {
        _tr("build {part}"): fingerprint.build,
        _tr("weights {part}"): fingerprint.weights,
        _tr("template {part}"): fingerprint.chat_template,
        "{part}": fingerprint.quantisation or fingerprint.other,
        _tr("server {part}"): fingerprint.system_fingerprint,
    }
    known = [words.format(part=one_line(part, 60)) for words, part in parts.items() if part]
    return " · ".join([one_line(fingerprint.base_url, 120), *known] if fingerprint.base_url else known)
