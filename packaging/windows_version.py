"""What Windows shows of the program's file under *Details*, in the form that PyInstaller reads."""

from __future__ import annotations

from pathlib import Path

import product

_TEMPLATE = """VSVersionInfo(
  ffi=FixedFileInfo(
    filevers={numbers}, prodvers={numbers}, mask=0x3f, flags=0x0, OS=0x40004, fileType=0x1, subtype=0x0, date=(0, 0)
  ),
  kids=[
    StringFileInfo([StringTable("040904B0", [
{strings}
    ])]),
    VarFileInfo([VarStruct("Translation", [1033, 1200])])
  ]
)
"""


def text() -> str:
    """The version resource as PyInstaller's text."""
    numbers = (*(int(number) for number in product.VERSION.split(".")), 0)
    named = {
        "CompanyName": product.PUBLISHER,
        "FileDescription": product.TITLE,
        "FileVersion": product.VERSION,
        "InternalName": product.NAME,
        "LegalCopyright": f"{product.PUBLISHER}, MIT licence",
        "OriginalFilename": f"{product.NAME}.exe",
        "ProductName": product.TITLE,
        "ProductVersion": product.VERSION,
    }
    strings = ",\n".join(f"      StringStruct({name!r}, {value!r})" for name, value in named.items())
    return _TEMPLATE.format(numbers=numbers, strings=strings)


def write(target: Path) -> Path:
    """The file that build.spec names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")
    return target
