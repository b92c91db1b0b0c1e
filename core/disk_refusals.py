"""What a disk refuses, in words."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import MusterError, SettingsNotSaved, SettingsReadOnly

_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def words_for_errors(target: Path) -> Iterator[None]:
    """The disk's refusals as errors with words."""
    try:
        yield
    except MusterError:
        raise
    except OSError as error:
        if is_full(error):
            raise SettingsNotSaved(
                "The change was not saved: there is no room left on the disk.",
                "Free some space and try again; the settings file is as it was.",
            ) from error
        if is_refused(error):
            raise SettingsReadOnly(
                f"The change was not saved: the folder of '{target.name}' may not be written.",
                "Change its permissions, or open a settings file in another folder.",
            ) from error
        raise SettingsNotSaved(
            "The change was not saved: the disk refused the new settings file.",
            "Check the disk and try again; the settings file is as it was.",
        ) from error


def is_full(error: OSError) -> bool:
    """Whether there is no room left."""
    return error.errno in _FULL


def is_refused(error: OSError) -> bool:
    """Whether something may not be written."""
    return error.errno in _REFUSED
