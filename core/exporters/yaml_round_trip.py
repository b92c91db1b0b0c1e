"""YAML that is written in a rare way (`? key`, pairs without braces): edited by ruamel.yaml's round trip.

That writes the whole file anew, so it is used only where it gives the text as it is back byte for byte.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

from core.exporters.edits import CannotEdit
from core.exporters.yaml_nodes import parse_yaml
from core.exporters.yaml_writing import Style
from core.settings_values import same_value

_WIDTH: Final = 2**31 - 1
"""No line is folded."""
_WORDS: Final = "it is written in a way that cannot be changed without changing more than Muster’s own entries"


def edit_by_round_trip(text: str, after: Any) -> str:
    """The text changed to hold `after`; not checked.

    Raises:
        CannotEdit: a round trip would change more than that.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    root = parse_yaml(text)
    style = Style.of(root)
    tool = YAML(typ="rt")
    tool.width = _WIDTH
    tool.preserve_quotes = True
    tool.indent(mapping=style.step, sequence=style.dash + style.behind_dash, offset=style.dash)
    plain = text.replace("\r\n", "\n")
    if text not in (plain, plain.replace("\n", "\r\n")):  # lines that break in two ways would all get one
        raise CannotEdit(_WORDS)
    try:
        held = tool.load(plain)
        if root is None or _dumped(tool, held) != plain:
            raise CannotEdit(_WORDS)
        edited = _dumped(tool, _changed(held, root.value, after))
    except (YAMLError, LookupError, TypeError, ValueError, NotImplementedError, AttributeError):
        raise CannotEdit(_WORDS) from None
    return edited.replace("\n", "\r\n") if "\r\n" in text else edited


def _dumped(tool: Any, held: Any) -> str:
    stream = io.StringIO()
    tool.dump(held, stream)
    return stream.getvalue()


def _changed(held: Any, before: Any, after: Any) -> Any:
    """What ruamel.yaml holds, changed in place where that can be done."""
    if same_value(before, after):
        return held
    if isinstance(held, dict) and isinstance(after, Mapping):
        for key in [key for key in held if key not in after]:
            del held[key]
        for key, value in after.items():
            held[key] = _changed(held[key], before[key], value) if key in before else value
        return held
    if isinstance(held, list) and isinstance(after, list):
        excess = max(0, len(before) - len(after))
        cut = 0  # rows go where the two begin to differ
        while cut < min(len(before), len(after)) and same_value(before[cut], after[cut]):
            cut += 1
        del held[cut : cut + excess]
        left = [*before[:cut], *before[cut + excess :]]
        for number, value in enumerate(after):
            if number < len(left):
                held[number] = _changed(held[number], left[number], value)
            else:
                held.append(value)
        return held
    return after
