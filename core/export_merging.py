"""Values of ours with what a person made of them: which keys are changed, and what stays beside a new value."""

from __future__ import annotations

from typing import Any

from core.field_specs import UNSET


def says_all(found: Any, ours: Any) -> bool:
    """Whether what stands there says all that ours says; more keys than ours are the person's."""
    if isinstance(found, dict) and isinstance(ours, dict):
        return all(key in found and says_all(found[key], value) for key, value in ours.items())
    return bool(found == ours and isinstance(found, bool) == isinstance(ours, bool))


def merged(base: Any, found: Any, ours: Any, key: str, edited: list[str]) -> Any:
    """Ours in the place of base, with what the person added kept; what both changed goes into `edited`."""
    if isinstance(base, dict) and isinstance(found, dict) and isinstance(ours, dict):
        result = {}
        for name in [*found, *(name for name in ours if name not in found)]:
            dotted = f"{key}.{name}" if key else str(name)
            value = merged(base.get(name, UNSET), found.get(name, UNSET), ours.get(name, UNSET), dotted, edited)
            if value is not UNSET:
                result[name] = value
        return result
    if _same(found, base) or _same(found, ours):
        return ours
    if base is UNSET and ours is UNSET:
        return found
    edited.append(key or "all of it")
    return found


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and type(one) is type(other)


def overlaid(base: Any, found: Any, ours: Any) -> Any:
    """Ours in the place of what stands there; of what Muster wrote once, the keys that the person added stay."""
    if isinstance(base, dict) and isinstance(found, dict) and isinstance(ours, dict):
        added = {key: value for key, value in found.items() if key not in base and key not in ours}
        said = {key: overlaid(base.get(key, UNSET), found.get(key, UNSET), value) for key, value in ours.items()}
        return {**{key: said.get(key, added.get(key)) for key in found if key in said or key in added}, **said}
    return ours


def changed_keys(ours: Any, found: Any, *, with_more: bool = True, key: str = "") -> list[str]:
    """What stands there otherwise than ours, as dotted keys, "" where it is all of it; with what is there beside it."""
    if isinstance(ours, dict) and isinstance(found, dict):
        names = [*ours, *(name for name in found if name not in ours)] if with_more else [*ours]
        changed: list[str] = []
        for name in names:
            dotted = f"{key}.{name}" if key else str(name)
            value = found.get(name, UNSET)
            changed += changed_keys(ours.get(name, UNSET), value, with_more=with_more, key=dotted)
        return changed
    return [] if says_all(found, ours) else [key]
