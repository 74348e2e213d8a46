"""Somebody with a browser that runs no scripts: cookies, pages, and forms as they stand in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientSession, DummyCookieJar
from multidict import CIMultiDictProxy
from selectolax.lexbor import LexborHTMLParser, LexborNode

from domain.kinds import Role
from social import accounts, signin
from social.passwords import hash_now
from tests.support.nodes import Person, RunningNode

PASSWORD = "a few words of my own"
_HASH: list[str] = []


@dataclass
class Shown:
    """What a browser shows after an answer, and the answer itself."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    cookies: list[str]
    path: str
    tree: LexborHTMLParser = field(init=False)

    def __post_init__(self) -> None:
        self.tree = LexborHTMLParser(self.body.decode("utf-8", "replace"))

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def text(self) -> str:
        """The words of the main part, as a reader sees them."""
        found = self.tree.css_first("main")
        assert found is not None, self.html
        return " ".join(found.text(separator=" ").split())

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def compared(self) -> tuple[int, dict[str, str], bytes]:
        """Everything but the date."""
        headers = {name: value for name, value in self.headers.items() if name != "Date"}
        return self.status, headers, self.body

    def form(self, action: str) -> LexborNode:
        """The first form that leads there."""
        found = self.tree.css_first(f'form[action="{action}"]')
        assert found is not None, f"no form to {action} in {self.html}"
        return found

    def fields(self, action: str) -> dict[str, str]:
        """What the form sends as it stands, without its buttons."""
        sent: dict[str, str] = {}
        for node in self.form(action).css("input, textarea"):
            given = node.attributes
            kind, name = given.get("type") or "text", given.get("name")
            if name is None or (kind in {"radio", "checkbox"} and "checked" not in given):
                continue
            sent[name] = node.text() if node.tag == "textarea" else given.get("value") or ""
        return sent


class Visitor:
    """One browser; it sends every cookie back, as if what was set over https had come so."""

    def __init__(self, node: RunningNode, session: ClientSession) -> None:
        self.node = node
        self.cookies: dict[str, str] = {}
        self._session = session
        self._last: Shown | None = None

    async def get(self, path: str, **headers: str) -> Shown:
        """Go to an address; its forms can be sent afterwards."""
        self._last = await self.ask("GET", path, headers=headers)
        return self._last

    async def post(self, path: str, **data: str) -> Shown:
        return await self.ask("POST", path, data=data)

    async def ask(self, method: str, path: str, **given: Any) -> Shown:
        """One request with this browser's cookies; redirects are shown."""
        headers = dict(given.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url = self.node.url(path)
        async with self._session.request(
            method, url, headers=headers, allow_redirects=False, **given
        ) as answer:
            set_cookies = answer.headers.getall("Set-Cookie", [])
            self._keep(set_cookies)
            return Shown(answer.status, answer.headers, await answer.read(), set_cookies, path)

    def _keep(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    async def submit(self, page: Shown, action: str, **typed: str) -> Shown:
        """Send a form of the page, filled in; where it leads is not followed."""
        return await self.post(action, **{**page.fields(action), **typed})

    async def send(self, action: str, **typed: str) -> Shown:
        """Send the form of the page that this browser shows, filled in."""
        assert self._last is not None, "go to a page first"
        shown = await self.submit(self._last, action, **typed)
        if not shown.location:
            self._last = shown
        return shown

    async def follow(self, shown: Shown) -> Shown:
        """Go where a redirect leads, on this node."""
        while shown.status in {302, 303}:
            target = urlsplit(urljoin(f"{self.node.base}{shown.path}", shown.location))
            assert target.netloc == urlsplit(self.node.base).netloc, shown.location
            shown = await self.get(target.path + (f"?{target.query}" if target.query else ""))
        return shown

    async def sign_in(self, login: str, password: str = PASSWORD) -> Shown:
        """Through the form, as a person does it."""
        page = await self.get("/sign-in")
        return await self.submit(page, "/sign-in", login=login, password=password)

    async def let_in(self, person: Person) -> "Visitor":
        """Give this browser a session without the form: for tests of what comes after."""
        secret = await self.node.db.write(signin.begin_session, account_id=person.id)
        name = "__Host-session" if self.node.origin.startswith("https") else "session"
        self.cookies[name] = secret
        return self

    @property
    def session_cookie(self) -> str | None:
        return self.cookies.get("session") or self.cookies.get("__Host-session")


class Visitors:
    """Opens browsers for one test."""

    def __init__(self, node: RunningNode, session: ClientSession) -> None:
        self.node = node
        self._session = session

    def stranger(self) -> Visitor:
        """A browser that was never here."""
        return Visitor(self.node, self._session)

    async def of(self, person: Person) -> Visitor:
        """A browser in which this person is signed in."""
        return await self.stranger().let_in(person)


@asynccontextmanager
async def browsing(node: RunningNode, person: Person | None = None) -> AsyncIterator[Visitor]:
    """A browser of its own; signed in as this person, if one is given."""
    async with new_session() as session:
        visitors = Visitors(node, session)
        yield visitors.stranger() if person is None else await visitors.of(person)


def new_session() -> ClientSession:
    """A client that keeps no cookies of its own: each visitor does."""
    return ClientSession(cookie_jar=DummyCookieJar())


async def with_password(
    node: RunningNode, handle: str, role: Role = Role.MEMBER, password: str = PASSWORD
) -> Person:
    """Somebody who can sign in with a password."""
    person = await node.person(handle, role)
    if not _HASH:
        _HASH.append(hash_now(PASSWORD))
    hashed = _HASH[0] if password == PASSWORD else hash_now(password)
    await node.db.write(accounts.reset_password, account_id=person.id, password_hash=hashed)
    return person
