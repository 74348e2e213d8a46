"""People with an app: they know one node, a token, and Mastodon's API."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientSession

from demo.process import ServedNode

SCOPES = "read write follow push"
PATIENCE = 60.0
"""Seconds for something to come through the network."""


class Person:
    """Somebody with an account on a node, at their app."""

    def __init__(
        self, session: ClientSession, node: ServedNode, handle: str, password: str, token: str
    ) -> None:
        self._session = session
        self.node = node
        self.handle = handle
        self.password = password
        self.token = token

    @property
    def acct(self) -> str:
        """How others write this person."""
        return f"@{self.handle}@{self.node.host}"

    async def get(self, path: str, **params: str) -> Any:
        """The JSON of a GET; RuntimeError unless it succeeds."""
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, **data: Any) -> Any:
        """The JSON of a POST; RuntimeError unless it succeeds."""
        return await self._ask("POST", path, json=data)

    async def _ask(self, method: str, path: str, **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.request(
            method, self.node.base + path, headers=headers, **given
        ) as answer:
            if answer.status != 200:
                told = (await answer.text())[:300]
                raise RuntimeError(f"{self.acct} {method} {path}: {answer.status} {told}")
            return await answer.json()

    async def say(self, text: str, **more: Any) -> Any:
        """Post; the Status."""
        return await self.post("/api/v1/statuses", status=text, **more)

    async def find(self, acct: str) -> Any:
        """The account behind a handle, looked up through federation."""
        found = await self.get("/api/v2/search", q=acct, resolve="true", type="accounts")
        if not found["accounts"]:
            raise RuntimeError(f"{self.acct} cannot find {acct}")
        return found["accounts"][0]

    async def follow(self, acct: str) -> None:
        """Follow somebody; of a community: join, or ask to."""
        account = await self.find(acct)
        await self.post(f"/api/v1/accounts/{account['id']}/follow")

    async def belongs(self) -> bool:
        """Whether this person's app shows a list of a community."""
        return bool(await self.get("/api/v1/lists"))

    async def sees(self, words: str, where: str = "/api/v1/timelines/home") -> Any:
        """Wait until a status with these words stands in a timeline; the status."""
        return await eventually(f"{self.acct} sees “{words}”", lambda: self._seen(words, where))

    async def _seen(self, words: str, where: str) -> Any:
        for status in await self.get(where):
            shown = status["reblog"] or status
            if words in shown["content"]:
                return shown
        return None

    async def club(self) -> str:
        """The timeline of the first community that this person belongs to."""
        lists = await self.get("/api/v1/lists")
        return f"/api/v1/timelines/list/{lists[0]['id']}"


async def eventually(what: str, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until `ask` gives something true, and give it; RuntimeError after `PATIENCE`."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not (found := await ask()):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise RuntimeError(f"In vain: {what}") from None
    return found


def new_person(
    session: ClientSession, node: ServedNode, handle: str, role: str = "member"
) -> Person:
    """An account by the command line, with a token for an app."""
    password = secrets.token_urlsafe(12)
    mail = f"{handle}@{node.name}.example"
    node.command(
        *("account", "create", handle, "--email", mail, "--password", password, "--role", role)
    )
    token = node.command("token", "create", handle, "--scopes", SCOPES)
    return Person(session, node, handle, password, token)
