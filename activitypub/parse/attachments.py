"""Files beside posts: what is attached, what an object shows of itself, what it plays.

Peers write them in many shapes: one entry or a list, an address or Links with sizes, `url` or
`href`, a type of its own or `Document`. All become one shape here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from msgspec import Struct

from activitypub.parse.fields import (
    line,
    listed,
    optional_reference,
    plain_type,
)
from activitypub.vocabulary import SHA256

PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
#: What an address ends with, where nothing else is said of a file: those that are shown here, and
#: those that would be taken for pictures otherwise.
_ENDINGS: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "eps": "application/postscript",
    "pdf": "application/pdf",
}
_FILES: Final = frozenset({"Document", "Image", "Video", "Audio", "File"})
PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})

MAX_ATTACHMENTS: Final = 16
LONGEST_ALT: Final = 5_000
LONGEST_SIDE: Final = 100_000
LONGEST_PLAY: Final = 100 * 3600
"""Seconds that anything plays at most."""

_WANTED_HEIGHT: Final = 720
_LONGEST_TYPE: Final = 200
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_BLURHASH: Final = re.compile(r"[A-Za-z0-9#$%*+,.:;=?@\[\]^_{|}~-]{6,100}")
_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8})(?:\.[0-9]+)?S)?)?"
)


class Attachment(Struct, frozen=True, kw_only=True):
    """A file beside a post. `alt` is plain text, `focus` the point that must be seen, as "x,y".

    `blurhash`, `width`, `height` (pixels) and `plays` (seconds; 0: unknown) are what its server
    says of it. `sha256`: the hash of its bytes in hex, which our nodes tell; of others nothing.
    """

    url: str
    type: str
    media_type: str | None
    alt: str
    focus: str = ""
    sha256: str = ""
    blurhash: str = ""
    width: int = 0
    height: int = 0
    plays: int = 0

    @property
    def is_picture(self) -> bool:
        """Whether it says that it is a picture of a kind that is shown here."""
        if self.media_type is None:
            return self.type == "Image"
        return self.media_type.lower() in PICTURES

    @property
    def is_page(self) -> bool:
        """Whether it is a link to something to read rather than a file."""
        return self.type in {"Link", "Page", "Article"} or self.media_type in PAGES


def attachments(document: Mapping[str, Any], *, shows_itself: bool) -> tuple[Attachment, ...]:
    """What an object has beside it, each address once, at most MAX_ATTACHMENTS (D07).

    Its `image` comes first (Lemmy, WordPress). `shows_itself`: it is a picture, a film or a sound:
    then what it plays and its largest `icon` (PeerTube) belong to it as well.
    """
    if not (shows_itself or document.get("image") or document.get("attachment")):
        return ()  # most posts
    found: dict[str, Attachment] = {}
    for item in _raw(document, shows_itself=shows_itself):
        read = _attachment(item)
        if read is not None and len(found) < MAX_ATTACHMENTS:
            found[read.url] = _fuller(found.get(read.url), read)
    return tuple(found.values())


def _raw(document: Mapping[str, Any], *, shows_itself: bool) -> Iterable[Any]:
    for image in listed(document.get("image")):
        yield {"type": "Image", "url": image} if isinstance(image, str) else image
    if shows_itself:
        yield from _own_files(document)
        icons = [icon for icon in listed(document.get("icon")) if isinstance(icon, dict)]
        yield from sorted(icons, key=lambda icon: -_side(icon.get("width")))[:1]
    yield from listed(document.get("attachment"))


def _own_files(document: Mapping[str, Any]) -> Iterable[Any]:
    """The one file of several with the same content that is best shown here."""
    kind = str(next(iter(listed(document.get("type"))), "")).lower()
    prefixes = tuple(f"{name}/" for name in (kind.removeprefix("as:"), "image", "video", "audio"))
    links = [link for link in _links(document.get("url")) if _media_type(link)]
    for prefix in prefixes:
        fitting = [link for link in links if (_media_type(link) or "").startswith(prefix)]
        if fitting:
            best = min(fitting, key=lambda link: abs(_side(link.get("height")) - _WANTED_HEIGHT))
            yield {"type": prefix[:-1].title(), "name": document.get("name"), **best} | {
                "type": prefix[:-1].title()
            }
            return


def _links(raw: Any) -> Iterable[dict[str, Any]]:
    """Links, and those that a stream's playlist has inside (PeerTube)."""
    for item in listed(raw):
        if isinstance(item, dict):
            yield item
            yield from (tag for tag in listed(item.get("tag")) if isinstance(tag, dict))


def _attachment(item: Any) -> Attachment | None:
    """One entry; None for what has no address that is one."""
    if not isinstance(item, dict):
        url = optional_reference(item)
        return None if url is None else Attachment(url=url, type="Link", media_type=None, alt="")
    chosen = _best(item.get("url")) or _best(item.get("href"))
    if chosen is None:
        return None
    url, more = chosen
    kind = plain_type(str(next(iter(listed(item.get("type"))), "Document"))[:_LONGEST_TYPE])
    media_type = _media_type(item) or _media_type(more) or _by_ending(url, kind)
    return Attachment(
        url=url,
        type=kind,
        media_type=media_type,
        alt=line(item.get("name") or item.get("summary"), limit=LONGEST_ALT),
        focus=_focus(item.get("focalPoint")),
        sha256=_digest(item.get(SHA256)),
        blurhash=_blurhash(item.get("blurhash")),
        width=_side(item.get("width") or more.get("width")),
        height=_side(item.get("height") or more.get("height")),
        plays=duration(item.get("duration")),
    )


def _best(raw: Any) -> tuple[str, dict[str, Any]] | None:
    """The address of one of several versions: a picture that is shown here before any other."""
    found: tuple[str, dict[str, Any]] | None = None
    for item in listed(raw):
        more = item if isinstance(item, dict) else {}
        url = optional_reference((more.get("href") or more.get("url")) if more else item)
        if url is None:
            continue
        if _media_type(more) in PICTURES:
            return url, more
        found = found or (url, more)
    return found


def _fuller(known: Attachment | None, new: Attachment) -> Attachment:
    """Of two entries for one address the one that says more about it."""
    if known is None:
        return new
    return known if (known.alt, known.is_picture) >= (new.alt, new.is_picture) else new


def _media_type(item: Mapping[str, Any]) -> str | None:
    raw = item.get("mediaType")
    return raw[:127].lower() if isinstance(raw, str) and "/" in raw else None


def _by_ending(url: str, kind: str) -> str | None:
    """What a file is by how its address ends, if it is said to be a file."""
    path = url.partition("?")[0]
    return _ENDINGS.get(path.rpartition(".")[2].lower()) if kind in _FILES else None


def _focus(raw: Any) -> str:
    """A focal point (Mastodon): two numbers from -1 to 1; anything else is the middle."""
    if not isinstance(raw, list) or len(raw) != 2:
        return ""
    if not all(isinstance(one, int | float) and -1 <= one <= 1 for one in raw):
        return ""
    return f"{raw[0]:g},{raw[1]:g}" if any(raw) else ""


def _digest(raw: Any) -> str:
    return raw if isinstance(raw, str) and _SHA256.fullmatch(raw) else ""


def _blurhash(raw: Any) -> str:
    return raw if isinstance(raw, str) and _BLURHASH.fullmatch(raw) else ""


def _side(raw: Any) -> int:
    """Pixels; 0 for what is no such number."""
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return int(raw) if is_number and 0 < raw <= LONGEST_SIDE else 0


def duration(raw: Any) -> int:
    """An xsd:duration in whole seconds; 0 if it is none, or too long to be meant."""
    found = _DURATION.fullmatch(raw) if isinstance(raw, str) and len(raw) <= 40 else None
    if found is None:
        return 0
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return total if total <= LONGEST_PLAY else 0
