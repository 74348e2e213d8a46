"""What nodes of this process say to other servers, kept while the real client says it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from domain.addresses import Url
from federation.answers import Response
from federation.client import Client
from tests.support.nodes import Json


@dataclass(frozen=True)
class Said:
    """One request and its answer; documents as JSON, None for what is none."""

    method: str
    url: str
    headers: dict[str, str]
    body: Json
    status: int
    answer: Json


class Tap:
    """Everything that was said, in its order."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def _posted(self, to: str, kind: str, words: tuple[str, ...]) -> list[Said]:
        return [
            one
            for one in self.said
            if one.method == "POST"
            and one.url.startswith(to)
            and one.body["type"] == kind
            and all(word in orjson.dumps(one.body).decode() for word in words)
        ]

    def has(self, to: str, kind: str, *words: str) -> bool:
        """Whether such an activity was sent."""
        return bool(self._posted(to, kind, words))

    def posted(self, to: str, kind: str, *words: str) -> Said:
        """The last activity of a type to a server (the start of its URL) with all these words."""
        found = self._posted(to, kind, words)
        assert found, f"no {kind} with {words} went to {to}"
        return found[-1]

    def got(self, start: str) -> Said:
        """The last GET of a URL that begins so."""
        found = [one for one in self.said if one.method == "GET" and one.url.startswith(start)]
        assert found, f"nobody asked for {start}"
        return found[-1]


def _json(body: bytes) -> Json:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


@contextmanager
def tapped() -> Iterator[Tap]:
    """Listen to every client of this process until the block ends."""
    tap, post, fetch = Tap(), Client.post, Client.fetch

    async def posting(
        self: Client, url: str | Url, body: bytes, headers: Mapping[str, str], **more: Any
    ) -> Response:
        answer = await post(self, url, body, headers, **more)
        said = Said("POST", str(url), dict(headers), _json(body), answer.status, None)
        tap.said.append(said)
        return answer

    async def fetching(self: Client, url: str | Url, **more: Any) -> Response:
        answer = await fetch(self, url, **more)
        tap.said.append(Said("GET", str(url), {}, None, answer.status, _json(answer.body)))
        return answer

    Client.post, Client.fetch = posting, fetching  # type: ignore[method-assign]
    try:
        yield tap
    finally:
        Client.post, Client.fetch = post, fetch  # type: ignore[method-assign]
