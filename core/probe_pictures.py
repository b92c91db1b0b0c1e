"""Files for probes, made here: pictures of digits, and a PDF with a word in it."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from core.run_spec import Attachment

SIZE: Final = (250, 90)
"""Below 64×64 servers scale or refuse; larger costs more tokens."""


def digits_image(digits: str, mime_type: str = "image/png") -> Attachment:
    """A picture of digits, black on white."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", SIZE, "white")
    font = ImageFont.load_default(64)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = draw.textbbox((0, 0), digits, font=font)
    draw.text(((SIZE[0] - right - left) / 2, (SIZE[1] - bottom - top) / 2), digits, fill="black", font=font)
    form = mime_type.partition("/")[2]
    buffer = BytesIO()
    image.save(buffer, form.upper())
    return Attachment(mime_type, buffer.getvalue(), f"digits.{form}")


def in_little_detail(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with their pictures marked as needing few tokens: elsewise a small one may cost 8,500."""
    return [
        {**message, "content": [_part_in_little_detail(part) for part in message["content"]]}
        if isinstance(message.get("content"), list)
        else message
        for message in messages
    ]


def _part_in_little_detail(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return part
    return {**part, "image_url": {**part["image_url"], "detail": "low"}}


def enlarged(attachment: Attachment, least_side: int) -> Attachment:
    """The same picture, with white around it where an endpoint wants larger ones; other files as they are."""
    if attachment.mime_type.partition("/")[0] != "image" or least_side <= min(SIZE):
        return attachment
    from PIL import Image, UnidentifiedImageError

    try:
        small = Image.open(BytesIO(attachment.data)).convert("RGB")
    except (UnidentifiedImageError, OSError):
        return attachment  # one that is damaged on purpose
    size = max(small.width, least_side), max(small.height, least_side)
    large = Image.new("RGB", size, "white")
    large.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    buffer = BytesIO()
    large.save(buffer, attachment.mime_type.partition("/")[2].upper())
    return Attachment(attachment.mime_type, buffer.getvalue(), attachment.name)


def corrupt_image() -> Attachment:
    """Bytes that call themselves a PNG and are none."""
    return Attachment("image/png", b"\x89PNG\r\n\x1a\n" + b"this is no picture" * 8, "digits.png")


def text_pdf(text: str) -> Attachment:
    """A PDF of one small page with that text on it; plain letters and digits only."""
    stream = f"BT /F1 24 Tf 20 40 Td ({text}) Tj ET".encode("ascii")
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    end += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return Attachment("application/pdf", body + end, "document.pdf")
