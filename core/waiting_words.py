"""How a wait is said."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (("days", 86_400), ("hours", 3600), ("minutes", 60))
_MOST_DAYS: Final = 60


def too_long_a_wait(seconds: float) -> str:
    """Says that nobody waits for so long, in the largest unit of which there are two at least."""
    if seconds >= _MOST_DAYS * 86_400:
        return "What it asks to wait is too long."
    unit, length_s = next((unit for unit in _UNITS if seconds >= 2 * unit[1]), ("seconds", 1))
    return f"{seconds / length_s:.0f} {unit} are too long to wait."
