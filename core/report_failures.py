"""Why a measurement found nothing, from its receipts: the endpoint's failure, with what to do about it."""

from __future__ import annotations

import re
from typing import Final

from core.errors import FailureKind, RunError
from core.verdicts import Receipt, Report

_K = FailureKind

_BY_STATUS: Final = {
    401: (_K.AUTH, "Check the API key in Providers."),
    402: (_K.OTHER, "Check the account's balance."),
    403: (_K.AUTH, "Check the API key in Providers."),
    404: (_K.NOT_FOUND, "Check the model ID, or the base URL."),
    408: (_K.TIMEOUT, "Try again when it has less to do."),
    429: (_K.RATE_LIMITED, "Try again later."),
    504: (_K.TIMEOUT, "Try again when it has less to do."),
}
_BY_HUNDREDS: Final = {
    2: (_K.NOT_JSON, "Check the base URL, most end in /v1, or look at its log."),
    3: (_K.OTHER, "Enter the address that it names as the base URL."),
    4: (_K.BAD_REQUEST, "Read its own words, and change the settings they name."),
    5: (_K.SERVER_ERROR, "Try again, or look at its log."),
}
_UNREACHED: Final = (_K.REFUSED, "Check that the server runs, and its base URL.")
_SAYS_KEY: Final = re.compile(r"(?i)api[ _-]?key|unauthori[sz]ed|authentication")


def failure_of(report: Report) -> RunError | None:
    """What kept the endpoint from being measured; None where something was found, or nothing failed."""
    if report.is_decided or not report.stopped_by:
        return None
    failed = (one for one in reversed(report.receipts) if _is_failure(one) and report.stopped_by.startswith(one.reason))
    last = next(failed, None)
    if last is None:
        return None
    said = last.response_excerpt.removeprefix(last.reason).strip()
    stated = re.match(r"\((\d{3})\)", said)
    status = int(stated[1]) if stated is not None else None
    detail = said[stated.end() :].strip() if stated is not None else said
    kind, hint = _meaning(status, detail)
    return RunError(report.stopped_by, hint, kind=kind, status=status, detail=detail)


def _is_failure(receipt: Receipt) -> bool:
    """Whether the receipt is of a failure: then the failure's title begins its excerpt."""
    return bool(receipt.reason) and receipt.response_excerpt.startswith(receipt.reason)


def _meaning(status: int | None, detail: str) -> tuple[FailureKind, str]:
    if status is None:
        return _UNREACHED
    if status == 400 and _SAYS_KEY.search(detail):
        return _BY_STATUS[401]
    return _BY_STATUS.get(status) or _BY_HUNDREDS.get(status // 100, (_K.OTHER, "Read its own words."))
