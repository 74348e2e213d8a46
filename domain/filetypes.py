"""What may be attached, told by a file's first bytes and never by its name (security row M01).

A name narrows, and never widens: only text that is called .txt, .md or .csv is taken as text, since
the bytes of a program or a page are text too.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

from domain.errors import Invalid


class Form(StrEnum):
    """How a file is shown."""

    PICTURE = "picture"
    FILM = "film"
    SOUND = "sound"
    PAPER = "paper"  # a document: saved, and opened elsewhere


MEGABYTE: Final = 1 << 20
LARGEST: Final = {
    Form.PICTURE: 10 * MEGABYTE,
    Form.FILM: 40 * MEGABYTE,
    Form.SOUND: 40 * MEGABYTE,
    Form.PAPER: 20 * MEGABYTE,
}
"""Bytes of a file as it is uploaded or copied."""

LARGEST_OF_ALL: Final = max(LARGEST.values())

ZIPPED: Final = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}
TEXTS: Final = {".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv"}
_PICTURES: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
}
_FILMS: Final = {"video/mp4": ".mp4", "video/webm": ".webm", "video/quicktime": ".mov"}
_SOUNDS: Final = {
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/wav": ".wav",
    "audio/mp4": ".m4a",
}
_PAPERS: Final = {
    "application/pdf": ".pdf",
    **ZIPPED,
    **{media_type: suffix for suffix, media_type in TEXTS.items()},
}
_SUFFIXES: Final = {**_PICTURES, **_FILMS, **_SOUNDS, **_PAPERS}
_OTHER_NAMES: Final = {
    "image/jpg": "image/jpeg",
    "image/apng": "image/png",
    "audio/mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "audio/vorbis": "audio/ogg",
    "audio/x-flac": "audio/flac",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/aac": "audio/mp4",
    "application/ogg": "audio/ogg",
    "video/x-m4v": "video/mp4",
    "audio/webm": "video/webm",
}
MEDIA_TYPES: Final = tuple(_SUFFIXES)
UNREADABLE: Final = (
    "This kind of file cannot be attached. Pictures (JPEG, PNG, GIF, WebP), film (MP4, WebM, MOV),"
    " sound (MP3, Ogg, FLAC, WAV, M4A) and documents (PDF, Word, Excel, PowerPoint, OpenDocument,"
    " plain text) can."
)
LONGEST_NAME: Final = 120
_STILL_BRANDS: Final = frozenset({b"avif", b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1"})
_HEAD: Final = 4096
_UNPRINTED: Final = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_MARKUP: Final = re.compile(r"\s*(<|\{\s*[\"}]|\[\s*[\[{\"])")
_PDF_HEADS: Final = re.compile(rb"%PDF-[12]\.\d")


def form_of(media_type: str) -> Form | None:
    """How files of a type are shown; None for a type that is not shown here."""
    known = canonical(media_type)
    if known in _PICTURES:
        return Form.PICTURE
    if known in _FILMS:
        return Form.FILM
    if known in _SOUNDS:
        return Form.SOUND
    return Form.PAPER if known in _PAPERS else None


def canonical(media_type: str) -> str:
    """A type without parameters, in the spelling that is used here."""
    plain = media_type.partition(";")[0].strip().lower()
    return _OTHER_NAMES.get(plain, plain)


def suffix(media_type: str) -> str:
    """How the name of such a file ends; nothing for another type."""
    return _SUFFIXES.get(media_type, "")


def sniffed(content: bytes, name: str = "") -> str:
    """What a file is. Zipped documents are told apart by `domain/papers`. Raises Invalid."""
    head = content[:_HEAD]
    found = _by_magic(head) or _by_boxes(head) or _text(content, name)
    if found is None:
        raise Invalid(UNREADABLE, "file")
    return found


def _by_magic(head: bytes) -> str | None:
    for magic, media_type in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"ID3", "audio/mpeg"),
        (b"PK\x03\x04", "application/zip"),
    ):
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])
    if len(head) > 4 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # MPEG audio, layer III
        return "audio/mpeg"
    if _PDF_HEADS.match(head):
        return "application/pdf"
    return None


def _by_boxes(head: bytes) -> str | None:
    """ISO base media files and Matroska, whose kind stands a little behind the beginning."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _STILL_BRANDS:
            return None
        if brand in {b"M4A ", b"M4B "}:
            return "audio/mp4"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head[4:8] in {b"moov", b"mdat", b"wide"}:
        return "video/quicktime"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return None


def _text(content: bytes, name: str) -> str | None:
    """Text that is called so and is neither a page nor data of a program."""
    media_type = TEXTS.get(f".{name.lower().rpartition('.')[2]}")
    if media_type is None or not content or _UNPRINTED.search(content):
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if _MARKUP.match(text) else media_type


def clean_name(name: str, media_type: str) -> str:
    """What a file is called when somebody saves it: one part of a path, with its true ending.

    Without what turns the direction of writing or ends a header (security row M06).
    """
    last = re.split(r"[/\\]", name)[-1][-4 * LONGEST_NAME :]
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter)[0] != "C" and letter not in '"<>|:*?%;'
    )
    ending = suffix(media_type)
    stem = kept.removesuffix(ending) if ending else kept
    if stem == kept and ending:
        stem = kept.rpartition(".")[0] or kept
    stem = " ".join(stem.split()).strip(". ")[:LONGEST_NAME].strip(". ")
    return f"{stem or 'file'}{ending}"
