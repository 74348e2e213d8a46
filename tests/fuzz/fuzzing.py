"""Requests that schemathesis makes of an OpenAPI document, as nobody, as a guest, as a member.

Each operation is asked in each of these ways at least once, in an order that the seed decides, and
again until the time is over. Half of the ids in paths are of things that are there.
"""

import random
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings

Json = dict[str, Any]

ENDLESS: Final = "/api/v1/streaming"
_HEALTH: Final = "/api/v1/streaming/health"
#: Told by a node that does not offer something, or that is busy: no failure of its own.
POLITE: Final = frozenset({501, 503})
_WAITS_S: Final = 20.0


@dataclass(frozen=True)
class Caller:
    """Who asks: a name for reports, and a token."""

    name: str
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@dataclass
class Report:
    """What was asked, what came back, and what was wrong."""

    operations: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    asked: set[tuple[str, str]] = field(default_factory=set)

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    def __str__(self) -> str:
        found = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        return f"{self.requests} requests to {self.operations} operations ({found})"


class Fuzzer:
    """Asks a node at `base` everything that a document names."""

    def __init__(
        self,
        document: Json,
        base: str,
        callers: Sequence[Caller],
        known: Mapping[str, Sequence[str]],
        start: int,
    ) -> None:
        self.base = base
        self.callers = callers
        self.known = known
        self.report = Report()
        self._dice = random.Random(start)
        self._session = requests.Session()
        self._session.trust_env = False
        with _quietly():
            self._operations = list(_operations(document))
        self.report.operations = len(self._operations)

    def run(self, seconds: float) -> Report:
        """One round for all, and more of them until the time is over."""
        end = monotonic() + seconds
        with _quietly():
            self._round(None)
            while monotonic() < end:
                self._round(end)
        return self.report

    def _round(self, end: float | None) -> None:
        self._dice.shuffle(self._operations)
        for operation in self._operations:
            for caller in self.callers:
                if end is not None and monotonic() > end:
                    return
                self._try(operation, caller)

    def _try(self, operation: Any, caller: Caller) -> None:
        @seed(self._dice.getrandbits(32))
        @settings(
            max_examples=1 if (operation.label, caller.name) not in self.report.asked else 4,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def once(case: Any) -> None:
            self._send(case, caller)

        once()
        self.report.asked.add((operation.label, caller.name))

    def _send(self, case: Any, caller: Caller) -> None:
        self._point_at_something(case)
        try:
            request = requests.Request(**case.as_transport_kwargs(base_url=self.base))
            request.headers = {**_sendable(request.headers or {}), **caller.headers}
            prepared = self._session.prepare_request(request)
        except (ValueError, UnicodeError, requests.RequestException):
            return  # what HTTP cannot say, nobody can send
        answer = self._session.send(prepared, timeout=_WAITS_S, allow_redirects=False)
        self.report.statuses[answer.status_code] += 1
        for reason in _wrong(answer):
            sent = f"{prepared.method} {prepared.url} {prepared.body!r:.300}"
            self.report.wrong.append(f"{caller.name}: {sent} → {reason}")

    def _point_at_something(self, case: Any) -> None:
        parameters = case.path_parameters or {}
        for name in parameters:
            pool = self.known.get(_kind(case.operation.path, name), ())
            if pool and self._dice.random() < 0.5:
                parameters[name] = self._dice.choice(list(pool))


def _kind(path: str, name: str) -> str:
    """What an id in a path is an id of: what stands before it there."""
    before = path.partition("{" + name + "}")[0].rstrip("/")
    return before.rpartition("/")[2]


def _operations(document: Json) -> Iterator[Any]:
    # Imported late: it takes a second that other tests need not wait for.
    import schemathesis

    whole = schemathesis.openapi.from_dict(document)
    for found in whole.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]
        if not operation.path.startswith(ENDLESS) or operation.path == _HEALTH:
            yield operation


def _sendable(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers that HTTP can say; the token is ours to set."""
    kept = {name: str(value) for name, value in headers.items()}
    return {
        name: value
        for name, value in kept.items()
        if name.lower() != "authorization" and value.isascii() and value.isprintable()
    }


def _wrong(answer: requests.Response) -> Iterator[str]:
    status, body = answer.status_code, answer.text[:300]
    if status >= 500 and status not in POLITE:
        yield f"{status} {body}"
    is_api = "/api/" in answer.url.split("?")[0]
    if is_api and "html" in answer.headers.get("Content-Type", ""):
        yield f"{status} in HTML"
    if is_api and status >= 400 and '"error"' not in body:
        yield f"{status} without an error: {body}"


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
