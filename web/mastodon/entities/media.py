"""Files as Mastodon's MediaAttachment, and the slot for their addresses in kept pieces.

An address is one reader's (protocol §7), and a rendered post is kept for many: what is kept has a
mark where an address belongs, and each reader's answer gets theirs.
"""

import re
import secrets
from typing import Final

import orjson

from domain.node import Node
from domain.pictures import preview_size
from social.files import point
from storage.queries.files import FileRow

JsonDict = dict[str, object]

# No text that anybody writes can hold the mark: JSON has no such byte, and until a slot is made
# of it, a word stands there that is new in every process.
_WORD: Final = f"slot:{secrets.token_hex(16)}:"
_MARK: Final = b"\x01"
_SLOT: Final = re.compile(rb"\x01(\d+)(/small)?")


def media(file: FileRow, node: Node, viewer_id: int) -> JsonDict:
    """A MediaAttachment for one reader; every documented field is present."""
    address = node.media(file.id, viewer_id)
    small = node.media(file.id, viewer_id, small=True)
    return _media(file, address, small)


def with_slots(files: tuple[FileRow, ...]) -> bytes:
    """The same for whoever reads it, as a JSON array whose addresses are to be filled in."""
    if not files:
        return b"[]"
    shown = [_media(file, f"{_WORD}{file.id}", f"{_WORD}{file.id}/small") for file in files]
    return orjson.dumps(shown).replace(_WORD.encode(), _MARK)


def filled(piece: bytes, node: Node, viewer_id: int) -> bytes:
    """A kept piece with one reader's addresses."""
    if _MARK not in piece:
        return piece

    def address(slot: re.Match[bytes]) -> bytes:
        return node.media(int(slot[1]), viewer_id, small=slot[2] is not None).encode()

    return _SLOT.sub(address, piece)


def _media(file: FileRow, address: str, small: str) -> JsonDict:
    x, y = point(file.focus)
    return {
        "id": str(file.id),
        "type": "image",
        "url": address,
        "preview_url": small,
        "remote_url": None,
        "meta": {
            "focus": {"x": x, "y": y},
            "original": _size(file.width, file.height),
            "small": _size(*preview_size(file.width, file.height)),
        },
        "description": file.alt or None,
        "blurhash": file.blurhash or None,
    }


def _size(width: int, height: int) -> JsonDict:
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": round(width / max(1, height), 4),
    }
