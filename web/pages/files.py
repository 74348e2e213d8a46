"""The few files beside the pages: an allow-list, read once, named by their content."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.errors import NotFound
from web.call import Call
from web.routes import Access, Route, get

FOLDER: Final = Path(__file__).parent / "static"
YEAR: Final = "public, max-age=31536000, immutable"
HOUR: Final = "public, max-age=3600"
ROBOTS: Final = "User-agent: *\nDisallow: /\n"
_TYPES: Final = {
    "style.css": "text/css",
    "avatar.png": "image/png",
    "header.png": "image/png",
    "icon.png": "image/png",
}


class StaticFile(Struct, frozen=True):
    """A file as it is sent; `digest` is part of its long-lived address."""

    content: bytes
    content_type: str
    digest: str


def _read(name: str, content_type: str) -> StaticFile:
    content = (FOLDER / name).read_bytes()
    return StaticFile(content, content_type, sha256(content).hexdigest()[:16])


FILES: Final = {name: _read(name, content_type) for name, content_type in _TYPES.items()}


def address_of(name: str) -> str:
    """The address that changes with the file, so that browsers may keep it for a year."""
    return f"/static/{name}?v={FILES[name].digest}"


async def show_file(call: Call) -> StreamResponse:
    """GET /static/{name}."""
    found = FILES.get(call.request.match_info["name"])
    if found is None:
        raise NotFound
    return _answer(call, found)


async def show_icon(call: Call) -> StreamResponse:
    """GET /favicon.ico."""
    return _answer(call, FILES["icon.png"])


def _answer(call: Call, found: StaticFile) -> Response:
    tag = f'"{found.digest}"'
    fresh = call.request.query.get("v") == found.digest
    headers = {hdrs.CACHE_CONTROL: YEAR if fresh else HOUR, hdrs.ETAG: tag}
    if tag in call.request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return Response(status=304, headers=headers)
    return Response(body=found.content, content_type=found.content_type, headers=headers)


async def show_robots(_call: Call) -> StreamResponse:
    """GET /robots.txt: nothing of a workplace belongs into a search engine."""
    return Response(text=ROBOTS, content_type="text/plain", headers={hdrs.CACHE_CONTROL: HOUR})


ROUTES: list[Route] = [
    get("/static/{name}", show_file, Access.BROWSER),
    get("/favicon.ico", show_icon, Access.BROWSER),
    get("/robots.txt", show_robots, Access.BROWSER),
]
