"""Every answer of every node that runs in a test is held against what clients expect.

So is every event of a stream, with what it carries (by WebSocket or Server-Sent Events).

Three oracles that know nothing of each other: strict schemas made of our own entities' types (by
what a route says that it answers), the published OpenAPI document, and what Mastodon.py makes of
an answer. What they find fails the test in which it was said, or the run if no test was on. The
end of a run says how many answers each of them read; a whole run that shows them too few fails.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock
from typing import Any, Final

import orjson
from aiohttp import hdrs
from aiohttp.web import Application, Request, Response, StreamResponse

from server import wiring
from server.wiring import Parts
from social.streaming import EventKind
from tests.support import openapi, schemas, typed_client
from web.mastodon import streaming
from web.mastodon.entities.announcements import Announcement, Reacting
from web.mastodon.entities.conversations import Conversation
from web.mastodon.entities.errors import Error
from web.mastodon.entities.formats import Id
from web.mastodon.entities.notifications import Notification
from web.mastodon.entities.statuses import Status
from web.mastodon.events import Message
from web.mastodon.tables import ROUTES as API
from web.routes import Access, Route

OURS: Final = "our strict schemas"
DOCUMENT: Final = "the OpenAPI document"
LIBRARY: Final = "Mastodon.py"
NAMES: Final = (OURS, DOCUMENT, LIBRARY)
ENOUGH: Final = 2_000

_OF_PEOPLE: Final = frozenset({Access.ACCOUNT, Access.MEMBER, Access.MODERATOR, Access.ADMIN})
_PREFIX: Final = "/api/"

# What an event carries as JSON in a text, or as a bare text.
_CARRIED: Final[Mapping[EventKind, object]] = {
    EventKind.UPDATE: Status,
    EventKind.EDIT: Status,
    EventKind.NOTIFICATION: Notification,
    EventKind.CONVERSATION: Conversation,
    EventKind.ANNOUNCEMENT: Announcement,
    EventKind.ANNOUNCEMENT_REACTION: Reacting,
}
_BARE_IDS: Final = frozenset({EventKind.DELETE, EventKind.ANNOUNCEMENT_DELETE})


class Oracles:
    """How many answers each oracle read, and what it found wrong."""

    def __init__(self) -> None:
        self.read: Counter[str] = Counter()
        self._found: list[str] = []
        self._good: dict[int, tuple[str, ...]] = {}
        self._lock = Lock()

    def take(self) -> list[str]:
        """What was found since somebody asked."""
        with self._lock:
            found, self._found = self._found, []
        return found

    def add(self, read: Counter[str], problems: Iterable[str]) -> None:
        """Keep what was read and found by a node in another process."""
        with self._lock:
            self.read.update(read)
        self.tell(problems)

    def tell(self, problems: Iterable[str]) -> None:
        """Keep what was found."""
        with self._lock:
            self._found += problems

    def judge(
        self, route: Route | None, method: str, path: str, answer: Response, signed_in: bool | None
    ) -> None:
        """Hold one answer of the API against all that know something of it."""
        said, answers = (
            f"{method} {path} → {answer.status}",
            None if route is None else route.answers,
        )
        body = answer.body if isinstance(answer.body, bytes) else b""
        if not path.startswith(_PREFIX) and answers is None:
            return
        if answer.content_type != "application/json":
            if answer.status >= 400 or answers is not None:
                self.tell([f"{said} is {answer.content_type}"])
            return
        # The same refusals come thousands of times: what was good once is good.
        key = hash((method, path, answer.status, signed_in, repr(answers), body))
        if key not in self._good:
            type_ = Error if answer.status >= 400 else answers
            found = _asked(type_, method, path, answer.status, orjson.loads(body), signed_in)
            self.tell(f"{said}, {name}: {one}" for name in found for one in found[name][:5])
            if any(found.values()):
                self._count(list(found))
                return
            self._good[key] = tuple(found)
        self._count(self._good[key])

    def judge_event(self, sent: Message) -> None:
        """Hold an event of a stream, which is always some person's, against what it carries."""
        said = f"the event {sent.event.value}"
        type_ = _CARRIED.get(sent.event)
        if type_ is not None:
            found = _events_found(type_, orjson.loads(sent.payload))
            self.tell(f"{said}, {name}: {one}" for name in found for one in found[name][:5])
            self._count(list(found))
        elif sent.event in _BARE_IDS:
            problems = schemas.problems(Id, sent.payload)
            self.tell(f"{said}, {OURS}: {one}" for one in problems)
            self._count([OURS])
        elif sent.payload:
            self.tell([f"{said} carries {sent.payload[:120]!r}"])

    def _count(self, names: Iterable[str]) -> None:
        with self._lock:
            self.read.update(names)


def _asked(
    type_: object, method: str, path: str, status: int, value: Any, signed_in: bool | None
) -> dict[str, list[str]]:
    """What each oracle that knows something of an answer finds wrong in it."""
    found: dict[str, list[str] | None] = {}
    if type_ is not None:
        found[OURS] = schemas.problems(type_, value, signed_in=signed_in)
    if type_ is not None and type_ is not Error:
        found[LIBRARY] = typed_client.problems(type_, value)
    if openapi.is_named():
        found[DOCUMENT] = openapi.problems(method, path, status, value)
    return {name: problems for name, problems in found.items() if problems is not None}


def _events_found(type_: object, value: Any) -> dict[str, list[str]]:
    found = {
        OURS: schemas.problems(type_, value, signed_in=True),
        LIBRARY: typed_client.problems(type_, value),
    }
    return {name: problems for name, problems in found.items() if problems is not None}


ORACLES: Final = Oracles()


def watch() -> None:
    """Have every node that starts in this process from now on read by the oracles."""
    made = wiring.web_app

    def watched(parts: Parts) -> Application:
        app = made(parts)
        app.on_response_prepare.append(_prepared)
        return app

    wiring.web_app = watched
    sending: Any = streaming
    loaded = sending.message

    async def heard(*given: Any) -> Message | None:
        sent: Message | None = await loaded(*given)
        if sent is not None:
            _judge_event(sent)
        return sent

    sending.message = heard


def _judge_event(sent: Message) -> None:
    try:
        ORACLES.judge_event(sent)
    except Exception as failure:  # noqa: BLE001 - as below, it never gets in the way
        ORACLES.tell([f"the event {sent.event.value} could not be judged: {failure!r}"])


@cache
def _routes() -> dict[tuple[str, str], Route]:
    return {(route.method, route.path): route for route in API}


async def _prepared(request: Request, response: StreamResponse) -> None:
    """What is about to be sent. Whatever goes wrong here is told too, and never gets in the way."""
    if not isinstance(response, Response) or request.method in {hdrs.METH_HEAD, hdrs.METH_OPTIONS}:
        return
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else request.path
    path = path.rstrip("/") or "/"
    route = _routes().get((request.method, path))
    try:
        ORACLES.judge(route, request.method, path, response, _signed_in(request, route))
    except Exception as failure:  # noqa: BLE001
        ORACLES.tell([f"{request.method} {path} could not be judged: {failure!r}"])


def _signed_in(request: Request, route: Route | None) -> bool | None:
    """Whether a person asks; None where that cannot be told from outside."""
    if route is not None and route.access in _OF_PEOPLE:
        return True
    has_token = hdrs.AUTHORIZATION in request.headers or "access_token" in request.query
    return None if has_token or request.can_read_body else False


def summary(read: Counter[str]) -> list[str]:
    """How many answers each oracle read, in words."""
    lines = [f"{read[name]:>7} answers read by {name}" for name in NAMES]
    if not openapi.is_named():
        lines[1] += f" ({openapi.VARIABLE} names none)"
    return lines


def too_few(read: Counter[str]) -> list[str]:
    """The oracles that were there and read too few answers for a whole run."""
    asked = [name for name in NAMES if name != DOCUMENT or openapi.is_named()]
    return [name for name in asked if read[name] < ENOUGH]


def as_data(read: Counter[str]) -> dict[str, Any]:
    """Figures that another process can read."""
    return {name: read[name] for name in NAMES}
