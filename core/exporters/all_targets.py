"""Every target, by its ID, in the order in which they are offered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.exporters.aider import Aider
from core.exporters.continue_dev import Continue
from core.exporters.goose import Goose
from core.exporters.kiln import Kiln
from core.exporters.librechat import LibreChat
from core.exporters.litellm_proxy import LitellmProxy
from core.exporters.llm import Llm
from core.exporters.opencode import OpenCode
from core.exporters.pydantic_ai import PydanticAi
from core.exporters.shape import Target
from core.exporters.vscode import VsCode
from core.exporters.zed import Zed

TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        target.id: target
        for target in (
            Kiln(),
            LitellmProxy(),
            Aider(),
            Llm(),
            OpenCode(),
            PydanticAi(),
            Continue(),
            Goose(),
            LibreChat(),
            Zed(),
            VsCode(),
        )
    }
)
