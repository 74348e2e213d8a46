"""Files as Mastodon's MediaAttachment, and the slot for their addresses in kept pieces.

An address is one reader's (protocol §7), and a rendered post is kept for many: what is kept has a
mark where an address belongs, and each reader's answer gets theirs.
"""

import re
import secrets
from typing import Final, Literal, NotRequired, TypedDict
from urllib.parse import quote

import orjson

from domain.filetypes import Form, form_of
from domain.node import Node
from domain.pictures import preview_size
from social.files import point
from storage.queries.files import FileRow
from web.mastodon.entities.formats import Address, Count, Id

Shown = Literal["image", "video", "audio", "unknown"]


class Point(TypedDict):
    """What a picture is cut around: −1 to 1 from the middle, y upwards."""

    x: float
    y: float


class Side(TypedDict):
    """How large something is."""

    width: Count
    height: Count
    size: str
    aspect: float


class Measures(TypedDict):
    """How large and how long something is, as far as it has such measures."""

    width: NotRequired[Count]
    height: NotRequired[Count]
    size: NotRequired[str]
    aspect: NotRequired[float]
    duration: NotRequired[float]
    bitrate: NotRequired[Count]


class Meta(TypedDict):
    """Measures of a file and of its preview."""

    focus: NotRequired[Point]
    original: NotRequired[Measures]
    small: NotRequired[Side]


class MediaAttachment(TypedDict):
    """A file of a post; without an address while it is being prepared."""

    id: Id
    type: Shown
    url: Address | None
    preview_url: Address | None
    remote_url: Address | None
    meta: Meta
    description: str | None
    blurhash: str | None


# No text that anybody writes can hold the mark: JSON has no such byte, and until a slot is made
# of it, a word stands there that is new in every process.
_WORD: Final = f"slot:{secrets.token_hex(16)}:"
_MARK: Final = b"\x01"
_SLOT: Final = re.compile(rb"\x01(\d+)(/small)?")


def media(file: FileRow, node: Node, viewer_id: int) -> MediaAttachment:
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


_TYPES: Final[dict[Form, Shown]] = {Form.PICTURE: "image", Form.FILM: "video", Form.SOUND: "audio"}


def _media(file: FileRow, address: str, small: str) -> MediaAttachment:
    """What is not here (yet) has no address; what never will be is a link to where it is."""
    form = form_of(file.media_type)
    lost = bool(file.trouble) and file.is_copy
    if form is Form.PAPER and file.name:
        address = f"{address}/{quote(file.name)}"  # clients show the end of the address
    has_small = bool(file.preview) or (file.on_demand and form is Form.PICTURE)
    return {
        "id": str(file.id),
        "type": "unknown" if lost else _TYPES.get(form or Form.PAPER, "unknown"),
        "url": file.source if lost else address if file.is_shown else None,
        "preview_url": small if has_small and not lost else None,
        "remote_url": file.source if lost else None,
        "meta": _meta(file, form),
        "description": file.alt or (file.name or None),
        "blurhash": file.blurhash or None,
    }


def _meta(file: FileRow, form: Form | None) -> Meta:
    meta: Meta = {}
    if form in {Form.PICTURE, Form.FILM} and file.width:
        meta["original"] = {**_size(file.width, file.height), **_length(file)}
        meta["small"] = _size(*preview_size(file.width, file.height))
    elif file.duration:
        meta["original"] = _length(file)
    if form is Form.PICTURE:
        x, y = point(file.focus)
        meta["focus"] = {"x": x, "y": y}
    return meta


def _length(file: FileRow) -> Measures:
    if not file.duration:
        return {}
    seconds = file.duration / 1000
    return {"duration": seconds, "bitrate": round(8 * file.size / seconds)}


def _size(width: int, height: int) -> Side:
    return {
        "width": width,
        "height": height,
        "size": f"{width}x{height}",
        "aspect": round(width / max(1, height), 4),
    }
