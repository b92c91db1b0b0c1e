"""A keyring that works wherever tests run."""

from __future__ import annotations

from core.keyring_access import Keyring


class MemoryKeyring(Keyring):
    """A keyring that works, for the order of places; the real one is tested in `test_credentials`."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, str] = {}

    def get(self, account: str) -> str | None:  # type: ignore[explicit-override]
        return self.held.get(account)

    def set(self, account: str, password: str) -> None:  # type: ignore[explicit-override]
        self.held[account] = password

    def delete(self, account: str) -> None:  # type: ignore[explicit-override]
        self.held.pop(account, None)
