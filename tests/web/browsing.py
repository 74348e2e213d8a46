"""A browser that remembers the page it shows, so that a test reads as what a person does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, CookieJar
from multidict import CIMultiDictProxy
from selectolax.lexbor import LexborHTMLParser, LexborNode
from yarl import URL

from social.signin import begin_session
from tests.support.nodes import Person, RunningNode

CHOSEN = {"radio", "checkbox"}


@dataclass
class Seen:
    """A page as it came."""

    status: int
    headers: CIMultiDictProxy[str]
    source: str

    @property
    def page(self) -> LexborHTMLParser:
        """The page, parsed as browsers do."""
        return LexborHTMLParser(self.source)

    @property
    def text(self) -> str:
        """The words on it."""
        body = self.page.body
        return " ".join(body.text(separator=" ").split()) if body else ""

    @property
    def to(self) -> str:
        """Where it redirects to, empty if it does not."""
        return self.headers.get("Location", "")

    def form(self, action: str) -> dict[str, str]:
        """What the form with this address sends when nothing is changed."""
        for form in self.page.css("form"):
            if form.attributes.get("action") == action:
                fields = (_field(each) for each in form.css("input[name], textarea[name]"))
                return dict(field for field in fields if field is not None)
        raise AssertionError(f"no form for {action}: {self.status} {self.text}")

    def compared(self) -> tuple[int, dict[str, str], str]:
        """Everything but the date."""
        headers = {name: value for name, value in self.headers.items() if name != "Date"}
        return self.status, headers, self.source


def _field(node: LexborNode) -> tuple[str, str] | None:
    said = node.attributes
    name = said["name"] or ""
    if said.get("type") in CHOSEN and "checked" not in said:
        return None
    if node.tag == "textarea":
        return name, node.text()
    return name, said.get("value") or ""


class Browser:
    """Keeps cookies and the last page; redirects are shown, not followed."""

    def __init__(self, node: RunningNode, session: ClientSession) -> None:
        self.node = node
        self._session = session
        self._last: Seen | None = None

    async def ask(self, method: str, path: str, **given: Any) -> Seen:
        """One request."""
        given.setdefault("allow_redirects", False)
        async with self._session.request(method, self.node.url(path), **given) as answer:
            return Seen(answer.status, answer.headers, await answer.text(errors="replace"))

    async def open(self, path: str) -> Seen:
        """Go to an address; its forms can be sent afterwards."""
        self._last = await self.ask("GET", path)
        return self._last

    async def submit(self, action: str, **filled: str) -> Seen:
        """Send the form of the last page that goes to this address."""
        assert self._last is not None, "open a page first"
        sent = self._last.form(action) | filled
        seen = await self.ask("POST", action, data=sent)
        if not seen.to:
            self._last = seen
        return seen

    def cookies(self) -> dict[str, str]:
        """What this browser holds."""
        return {cookie.key: cookie.value for cookie in self._session.cookie_jar}

    def hold(self, **cookies: str) -> None:
        """Give this browser cookies."""
        self._session.cookie_jar.update_cookies(cookies, URL(self.node.base))


@asynccontextmanager
async def browsing(node: RunningNode, person: Person | None = None) -> AsyncIterator[Browser]:
    """A browser of its own; signed in as this person, if one is given."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        browser = Browser(node, session)
        if person is not None:
            secret = await node.db.write(begin_session, account_id=person.id, old_secret=None)
            browser.hold(session=secret)
        yield browser
