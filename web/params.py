"""Parameters as clients send them: query, form, multipart or JSON, with brackets or without.

Mastodon's clients use all four, so one reader accepts them alike: `a[]=1`, `a=1`, `a=1&a=2`,
`poll[options][]=x`, `fields_attributes[0][name]=x`, and the same nested as JSON.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, hdrs
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import HTTPRequestEntityTooLarge, HTTPRequestTimeout, Request
from msgspec import Struct

from domain.errors import Invalid, NotFound
from domain.ids import LARGEST

BODY_LIMIT: Final = 256 * 1024
"""Bytes of a body without files; a post of ten thousand characters needs a tenth of it."""

BODY_SECONDS: Final = 15
UPLOAD_SECONDS: Final = 120
"""For a body with files: a photo over a slow phone line."""

MOST_UPLOADS: Final = 4
LONGEST_NAME: Final = 4_096
"""Characters of a file's name that are looked at."""

MOST_PARAMETERS: Final = 1000
DEEPEST: Final = 5
FALSE: Final = frozenset({"", "0", "f", "F", "false", "FALSE", "off", "OFF"})

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class _Repeated(list["Json"]):
    """Values of a name that came several times without brackets: a list, or its last entry."""


class Upload(Struct, frozen=True):
    """A file as it was sent; without `content` if it was too large to be kept."""

    content: bytes | None
    name: str = ""


class Params:
    """What was sent, by name. Unknown names are simply never asked for."""

    def __init__(
        self, values: dict[str, Json], files: Mapping[str, Upload] = MappingProxyType({})
    ) -> None:
        self._values = values
        self.files: Final = files
        """Files by the names under which they came."""

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def is_said(self, name: str) -> bool:
        """Whether a parameter was sent at all, `null` too: where that takes something back."""
        return name in self._values

    def _one(self, name: str) -> Json:
        value = self._values.get(name)
        return value[-1] if isinstance(value, _Repeated) else value

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text; a list or an object is refused (Invalid)."""
        value = self._one(name)
        if value is None:
            return default
        if isinstance(value, (list, dict)):
            raise Invalid(f"{name} must be text", name)
        return str(value).lower() if isinstance(value, bool) else str(value).replace("\0", "")

    def maybe(self, name: str) -> str | None:
        """A parameter as text, or nothing where it is absent or empty."""
        return self.text(name) or None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean as Rails reads it: false, "false", 0, "f", "off" and "" are false."""
        value = self._one(name)
        if value is None:
            return default
        return bool(value) if isinstance(value, (bool, int, float)) else str(value) not in FALSE

    def maybe_flag(self, name: str) -> bool | None:
        """A boolean, or nothing where it is absent."""
        return self.flag(name) if name in self else None

    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number; anything else is refused (Invalid)."""
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20):
            raise Invalid(f"{name} must be a number", name)
        return int(text)

    def many(self, name: str) -> list[str]:
        """A list of texts; a lone value is a list of one."""
        items = self._items(name)
        plain = (item for item in items if not isinstance(item, (list, dict, type(None))))
        return [str(item).replace("\0", "") for item in plain]

    def _items(self, name: str) -> list[Json]:
        """A list, sent as one or as an object keyed "0", "1", …"""
        value = self._values.get(name)
        if isinstance(value, dict):
            return [value[key] for key in sorted(value, key=lambda key: (len(key), key))]
        if isinstance(value, list):
            return value
        return [] if value is None else [value]

    def maybe_id(self, name: str) -> int | None:
        """The id of something, or nothing. Raises NotFound for what can be no id."""
        sent = self.maybe(name)
        if sent is None:
            return None
        identifier = as_id(sent)
        if identifier is None:
            raise NotFound
        return identifier

    def ids(self, name: str, most: int = 100) -> list[int]:
        """The first `most` ids of a list, in the order sent; what cannot be an id is left out."""
        found = (as_id(text) for text in self.many(name))
        return [identifier for identifier in found if identifier is not None][:most]

    def nested(self, name: str) -> "Params":
        """The parameters below a name, such as `source[privacy]`."""
        value = self._one(name)
        return Params(value if isinstance(value, dict) else {})

    def rows(self, name: str) -> list["Params"]:
        """A list of objects, sent as a list or as an object keyed "0", "1", …"""
        return [Params(item) for item in self._items(name) if isinstance(item, dict)]


def as_id(text: str) -> int | None:
    """A number that can be an id in the database, or nothing."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    identifier = int(text)
    return identifier if identifier <= LARGEST else None


async def read_params(request: Request, largest: int = 0, *, keep: bool = True) -> Params:
    """Read query and body of a request; the body wins.

    `largest`: bytes that are kept of each file. A larger one is read to its end and named without
    its bytes, so that what was typed beside it is not lost; without `keep` every one is.

    Raises:
        Invalid: the body cannot be read as what it says it is.
        HTTPRequestEntityTooLarge: the body is over the limit.
        HTTPRequestTimeout: the body took too long to arrive.
    """
    values = read_query(request)
    if not request.can_read_body:
        return Params(values)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS if largest else BODY_SECONDS):
            body, files = await _read_body(request, largest, keep=keep)
    except TimeoutError:
        raise HTTPRequestTimeout from None
    return Params({**values, **body}, files)


def read_query(request: Request) -> dict[str, Json]:
    """The parameters in the address alone. Raises Invalid where there are too many."""
    return _expand(_pairs(request.rel_url.raw_query_string))


async def _read_body(
    request: Request, largest: int, *, keep: bool
) -> tuple[dict[str, Json], dict[str, Upload]]:
    has_files = request.content_type == "multipart/form-data"
    most = BODY_LIMIT + (MOST_UPLOADS * largest if has_files else 0)
    if (request.content_length or 0) > 2 * most - BODY_LIMIT:
        raise HTTPRequestEntityTooLarge(most, request.content_length or 0)
    if has_files:
        return await _read_multipart(request, largest, keep=keep)
    body = await _read_limited(request.content.iter_chunked(65536), BODY_LIMIT)
    if request.content_type == "application/json":
        return _from_json(body), {}
    try:
        return _expand(_pairs(body.decode("utf-8"))), {}
    except UnicodeDecodeError:
        raise Invalid("The form could not be read") from None


async def _read_limited(chunks: AsyncIterator[bytes], room: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > room:
            raise HTTPRequestEntityTooLarge(BODY_LIMIT, BODY_LIMIT + len(body) - room)
    return bytes(body)


def _from_json(body: bytes) -> dict[str, Json]:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise Invalid("The JSON could not be read") from None
    if not isinstance(value, dict):
        raise Invalid("The JSON must be an object")
    return value


async def _read_multipart(
    request: Request, largest: int, *, keep: bool
) -> tuple[dict[str, Json], dict[str, Upload]]:
    """Fields and files. Files are read to their end, and kept if they are small enough."""
    pairs: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    room = _Room(BODY_LIMIT, 2 * MOST_UPLOADS * largest)
    count = 0
    try:
        reader = await request.multipart()
        while isinstance(part := await reader.next(), BodyPartReader):
            count += 1
            if count > MOST_PARAMETERS:
                raise Invalid("Too many parameters")
            if part.filename and largest:
                content = await room.file(part, largest if keep else 0)
                files[part.name or ""] = Upload(content, part.filename[:LONGEST_NAME])
            elif part.filename:
                await room.field(part)
                files[part.name or ""] = Upload(None)
            elif part.name:
                pairs.append((part.name, (await room.field(part)).decode("utf-8", "replace")))
            else:
                await room.field(part)
    except (ValueError, AssertionError, RuntimeError, EOFError, HttpProcessingError):
        raise Invalid("The form could not be read") from None
    return _expand(pairs), files


class _Room:
    """How much of a multipart body may still come: in fields, and in files."""

    def __init__(self, fields: int, files: int) -> None:
        self._fields = fields
        self._files = files

    async def field(self, part: BodyPartReader) -> bytes:
        """A field, whole. Raises HTTPRequestEntityTooLarge."""
        data = await _read_limited(_chunks(part), self._fields)
        self._fields -= len(data)
        return data

    async def file(self, part: BodyPartReader, largest: int) -> bytes | None:
        """A file, or nothing of one that is larger than `largest`."""
        kept = bytearray()
        size = 0
        async for chunk in _chunks(part):
            size += len(chunk)
            if size > self._files:
                raise HTTPRequestEntityTooLarge(self._files, size)
            if size <= largest:
                kept += chunk
        self._files -= size
        return bytes(kept) if size <= largest else None


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    if part.headers.get(hdrs.CONTENT_ENCODING) or part.headers.get(hdrs.CONTENT_TRANSFER_ENCODING):
        raise Invalid("The form could not be read")
    while chunk := await part.read_chunk():
        yield bytes(chunk)


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise Invalid("Too many parameters") from None


def _expand(pairs: Iterable[tuple[str, str]]) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for name, value in pairs:
        path = name.replace("]", "").split("[")
        if len(path) <= DEEPEST:
            _put(values, path, value)
    return values


def _put(into: dict[str, Json], path: list[str], value: str) -> None:
    name, rest = path[0], path[1:]
    if not rest:
        _put_plain(into, name, value)
    elif rest[0] == "":
        items = into.setdefault(name, [])
        if isinstance(items, list):
            _append(items, rest[1:], value)
    else:
        below = into.setdefault(name, {})
        if isinstance(below, dict):
            _put(below, rest, value)


def _put_plain(into: dict[str, Json], name: str, value: str) -> None:
    before = into.get(name)
    if isinstance(before, _Repeated):
        before.append(value)
    elif name in into and not isinstance(before, (list, dict)):
        into[name] = _Repeated([before, value])
    else:
        into[name] = value


def _append(items: list[Json], rest: list[str], value: str) -> None:
    """`a[]=x`, or `a[][name]=x`: a name that is there already starts the next object (Rack)."""
    if not rest:
        items.append(value)
        return
    last = items[-1] if items else None
    if not isinstance(last, dict) or rest[0] in last:
        last = {}
        items.append(last)
    _put(last, rest, value)
