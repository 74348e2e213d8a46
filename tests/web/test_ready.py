"""Answers whose bytes were made before: they say what an answer made for one request says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from email.utils import parsedate_to_datetime

import pytest
from aiohttp.test_utils import TestServer
from aiohttp.web import Response, StreamResponse

from server.wiring import web_app
from tests.support.nodes import RunningNode
from web import ready
from web.app import make_app
from web.call import Call
from web.ready import Ready
from web.routes import Access, post
from web.services import SERVICES

MORE = {"Accept-Signature": 'sig1=("@method");tag="x"', "X-Other": "1"}


@pytest.fixture
async def server(node: RunningNode) -> AsyncIterator[TestServer]:
    """`/ready` and `/made` answer the same: one with bytes that are kept, one as usual."""
    kept = Ready(202, MORE)

    async def from_kept(call: Call) -> StreamResponse:
        return kept(call.request)

    async def made(_call: Call) -> StreamResponse:
        return Response(status=202, headers=MORE)

    services = web_app(node.parts)[SERVICES]
    own = [post("/ready", from_kept, Access.SERVER), post("/made", made, Access.SERVER)]
    running = TestServer(make_app(services, own=own))
    async with running:
        yield running


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The answers that went out as kept bytes."""
    seen: list[object] = []
    prepare = ready._Sent.prepare

    async def counted(self: ready._Sent, request: object) -> None:
        seen.append(request)
        await prepare(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(ready._Sent, "prepare", counted)
    return seen


async def ask(
    server: TestServer, *requests: str, body: str = "{}"
) -> list[tuple[str, dict[str, str]]]:
    """Status line and fields of each answer on one connection, which must then be as it should."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    for request in requests:
        head = request.replace("\n", "\r\n")
        writer.write(f"{head}\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    answers = []
    for _ in requests:
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        fields = dict(line.split(": ", 1) for line in lines)
        assert len(fields) == len(lines)
        answers.append((status, fields))
    writer.close()
    return answers


def without_date(answer: tuple[str, dict[str, str]]) -> tuple[str, dict[str, str]]:
    status, fields = answer
    parsedate_to_datetime(fields["Date"])
    return status, {name: value for name, value in fields.items() if name != "Date"}


@pytest.mark.parametrize(
    ("request_line", "kept"),
    [
        ("POST {} HTTP/1.1", True),
        ("POST {}/ HTTP/1.1", True),
        ("POST {} HTTP/1.1\nConnection: keep-alive", True),
        ("POST {} HTTP/1.1\nConnection: close", False),
        ("POST {} HTTP/1.0", False),
        ("POST {} HTTP/1.0\nConnection: keep-alive", False),
    ],
)
async def test_both_say_the_same(
    server: TestServer, sent: list[object], request_line: str, kept: bool
) -> None:
    [ready_made] = await ask(server, request_line.format("/ready"))
    assert len(sent) == kept
    [made] = await ask(server, request_line.format("/made"))
    assert without_date(ready_made) == without_date(made)
    assert len(sent) == kept


async def test_one_connection_carries_many_of_them(server: TestServer, sent: list[object]) -> None:
    answers = await ask(server, *["POST /ready HTTP/1.1", "POST /made HTTP/1.1"] * 20)
    assert len({(status, *sorted(fields)) for status, fields in answers}) == 1
    assert len(sent) == 20


async def test_the_date_is_the_present(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for second in (1_000_000_000, 1_000_000_000.9, 1_000_000_001, 1_000_000_000):
        now: Callable[[], float] = lambda second=second: second  # type: ignore[misc]  # noqa: E731
        monkeypatch.setattr(ready, "time", now)
        [(_, fields)] = await ask(server, "POST /ready HTTP/1.1")
        assert parsedate_to_datetime(fields["Date"]).timestamp() == int(second)


def test_no_header_brings_a_line_of_its_own() -> None:
    for name, value in (("A", "1\r\nB: 2"), ("A\n", "1"), ("A", "\0")):
        with pytest.raises(ValueError, match="line break"):
            Ready(202, {name: value})
