"""Somebody outside who keeps everything that reaches her, and asks for what does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
from aiohttp import ClientSession, DummyCookieJar
from yarl import URL

from federation.signatures import Scheme, sign
from tests.support.nodes import Answer, Person
from tests.support.stranger import AS2, Stranger, stranger
from tests.support.stranger import Person as Foreigner
from tests.together.stories import asked, settled


class Spy:
    """A foreign server with one person, eve, who follows whoever lets her."""

    def __init__(self, server: Stranger, session: ClientSession) -> None:
        self.server = server
        self.eve: Foreigner = server.person("eve")
        self._session = session

    @property
    def acct(self) -> str:
        """How others write eve."""
        return f"@eve@{self.server.authority}"

    async def follow(self, person: Person) -> None:
        """Eve asks to follow; the person agrees."""
        follow = self.server.activity(self.eve, "Follow", person.uri)
        answer = await self.server.deliver(self.eve, f"{person.node.origin}/inbox", follow)
        assert answer.status == 202
        who = await asked(person, self.eve.uri)
        await person.post(f"/api/v1/follow_requests/{who['id']}/authorize")
        await settled(person.node)

    async def fetch(self, url: str, *, signed: bool = True) -> Answer:
        """GET as eve, or as nobody."""
        target = URL(url, encoded=True)
        headers = {"Accept": AS2, "Host": target.authority}
        if signed:
            headers |= self._signature(url)
        place = URL(f"http://127.0.0.1:{target.port}{target.raw_path_qs}", encoded=True)
        async with self._session.get(place, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.read())

    def _signature(self, url: str) -> dict[str, str]:
        return sign(
            method="GET",
            url=url,
            headers={"Accept": AS2},
            body=None,
            key=self.eve.key,
            key_id=self.eve.key_id,
            scheme=Scheme.CAVAGE,
            now=datetime.now(UTC),
            nonce="",
        )

    def heard(self, words: str) -> bool:
        """Whether these words reached the spy in any request."""
        return any(words.encode() in seen.body for seen in self.server.seen)

    def got(self, kind: str) -> list[str]:
        """The ids of the objects of all activities of a type that arrived, in order."""
        bodies = [orjson.loads(one.body) for one in self.server.seen if one.method == "POST"]
        objects = [body["object"] for body in bodies if body["type"] == kind]
        return [each if isinstance(each, str) else each["id"] for each in objects]


@asynccontextmanager
async def a_spy(name: str = "spy") -> AsyncIterator[Spy]:
    """Run a spy's server."""
    async with stranger(name) as server, ClientSession(cookie_jar=DummyCookieJar()) as session:
        yield Spy(server, session)
