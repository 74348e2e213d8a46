"""Documents: looked at as far as telling what they are takes, never opened.

Office documents are archives. One that unpacks to far more than it is, that says other sizes than
it has, or whose entries leave its folder, is refused, for the sake of whoever opens it (security
row D18). Nothing is ever written while looking.

Takes processor time (up to half a second): call it in a thread.
"""

import struct
import zipfile
import zlib
from io import BytesIO
from stat import S_ISLNK
from typing import Final

from domain.errors import Invalid
from domain.filetypes import UNREADABLE, ZIPPED

MOST_ENTRIES: Final = 2_000
MOST_UNPACKED: Final = 150 << 20
"""Bytes of all entries together."""

_LARGEST_LIST: Final = 1 << 20
"""Bytes of an archive's list of entries."""

_TAIL: Final = 65_557
_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_BROKEN: Final = "This document is damaged, or unpacks to more than it should be."
_AFTER_PDF: Final = 2_048
_FOLDERS: Final = {"word/": ".docx", "xl/": ".xlsx", "ppt/": ".pptx"}
_BY_SUFFIX: Final = {suffix: media_type for media_type, suffix in ZIPPED.items()}


def kind_of(content: bytes, media_type: str) -> str:
    """What a document is, once it was looked at. Raises Invalid with a sentence for people."""
    if media_type == "application/pdf":
        return _pdf(content)
    if media_type == "application/zip":
        return _zipped(content)
    return media_type  # plain text


def _pdf(content: bytes) -> str:
    """A PDF that is nothing else besides: nothing of weight comes behind its end."""
    end = content.rfind(b"%%EOF")
    after = content[end + 5 :] if end >= 0 else b""
    if end < 0 or len(after) > _AFTER_PDF or _END_MAGIC in after:
        raise Invalid(_BROKEN, "file")
    if b"<html" in content[:1024].lower() or b"<script" in content[:1024].lower():
        raise Invalid(UNREADABLE, "file")
    return "application/pdf"


def _zipped(content: bytes) -> str:
    _check_list(content)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            for entry in entries:
                _check_entry(entry)
            media_type = _office(archive, entries)
            _check_sizes(archive, entries)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, RuntimeError, EOFError):
        raise Invalid(_BROKEN, "file") from None
    return media_type


def _check_list(content: bytes) -> None:
    """The list of entries is short, before anything reads it."""
    at = content.rfind(_END_MAGIC, max(0, len(content) - _TAIL))
    if at < 0 or len(content) < at + _END.size:
        raise Invalid(_BROKEN, "file")
    _, disk, disks, here, entries, size, start, _ = _END.unpack_from(content, at)
    if disk or disks or here != entries or entries > MOST_ENTRIES:
        raise Invalid(_BROKEN, "file")
    if size > _LARGEST_LIST or start + size > at:
        raise Invalid(_BROKEN, "file")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in entry.orig_filename:
        raise Invalid(_BROKEN, "file")
    if S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
        raise Invalid(_BROKEN, "file")


def _office(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    names = {entry.filename for entry in entries}
    if "[Content_Types].xml" in names:
        for folder, suffix in _FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                if any(name.endswith("vbaProject.bin") for name in names):
                    raise Invalid("Documents with macros cannot be attached.", "file")
                return _BY_SUFFIX[suffix]
    first = entries[0] if entries else None
    if first is not None and first.filename == "mimetype" and first.file_size < 128:
        said = archive.read(first).decode("ascii", "replace").strip()
        if said in ZIPPED:
            return said
    raise Invalid("Archives cannot be attached. Please attach the documents themselves.", "file")


def _check_sizes(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Every entry unpacks to what the list says of it: counted, whatever the list says."""
    room = MOST_UNPACKED
    for entry in entries:
        size = 0
        with archive.open(entry) as packed:
            while chunk := packed.read(1 << 18):
                size += len(chunk)
                if size > room:
                    raise Invalid(_BROKEN, "file")
        if size != entry.file_size:
            raise Invalid(_BROKEN, "file")
        room -= size
