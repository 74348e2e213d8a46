"""What apps read all day: pages of posts, notifications and a long thread, as ratios to bare HTTP.

The limit of a page is a bare aiohttp answer of the same size: what can be left out is everything
but the socket.
"""

from typing import Any, Final, NamedTuple

from aiohttp import ClientSession

from bench.node import BenchNode
from bench.paths import bare, read

TAG: Final = "ladders"
TAGGED: Final = 40
THREAD: Final = 200
TOLD: Final = 40
LISTED: Final = 20


class PageCost(NamedTuple):
    """CPU microseconds of the node and of a bare answer of the same size, in bytes."""

    ours: float
    bare: float
    size: int


class _Page(NamedTuple):
    name: str
    path: str
    holds: int  # how many posts or notifications
    marked: bytes  # what stands once in each


async def prepare(node: BenchNode, token: str, writer: str, author: str) -> list[_Page]:
    """Write what the pages show: a tag, a list with `author` in it, and a thread; the pages.

    Home and notifications are there already: `author`'s notes name the reader. `writer` is the
    token of somebody whom nobody follows, so that nothing of it is delivered meanwhile.
    """
    async with _session(node, writer) as session:
        for number in range(TAGGED):
            await _post(session, "/api/v1/statuses", status=f"Rung {number} #{TAG}")
        root = last = (await _post(session, "/api/v1/statuses", status="A long talk"))["id"]
        for number in range(THREAD - 1):
            said = await _post(
                session, "/api/v1/statuses", status=f"Answer {number}", in_reply_to_id=last
            )
            last = said["id"] if number % 3 else root
    async with _session(node, token) as session:
        found = await _get(session, f"/api/v1/accounts/lookup?acct={author}")
        made = await _post(session, "/api/v1/lists", title="Far away")
        await _post(session, f"/api/v1/lists/{made['id']}/accounts", account_ids=[found["id"]])
    await node.until_quiet()
    return [
        _Page("home of 20", "/api/v1/timelines/home", LISTED, b'"spoiler_text"'),
        _Page("tag of 20", f"/api/v1/timelines/tag/{TAG}", LISTED, b'"spoiler_text"'),
        _Page("list of 20", f"/api/v1/timelines/list/{made['id']}", LISTED, b'"spoiler_text"'),
        _Page("40 told", "/api/v1/notifications?limit=40", TOLD, b'"group_key"'),
        _Page("thread of 200", f"/api/v1/statuses/{root}/context", THREAD - 1, b'"spoiler_text"'),
    ]


def _session(node: BenchNode, token: str) -> ClientSession:
    return ClientSession(node.base, headers={"Authorization": f"Bearer {token}"})


async def _post(session: ClientSession, path: str, **data: object) -> Any:
    async with session.post(path, json=data) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status}: {await answer.text()}")
        return await answer.json()


async def _get(session: ClientSession, path: str) -> Any:
    async with session.get(path) as answer:
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status}: {await answer.text()}")
        return await answer.json()


async def measured(node: BenchNode, token: str, page: _Page, times: int) -> PageCost:
    """Read one page many times, and a bare answer of its size as often."""
    spent, size = await read(node, token, page.path, page.marked, page.holds, times=times)
    return PageCost(spent, await bare("GET", b"", 200, size, times), size)


def report(costs: dict[str, PageCost]) -> None:
    """Print the table."""
    print(f"\n{'page':16}{'ours':>10}{'bare':>10}{'size':>10}{'ours':>10}{'ratio':>8}")
    print(f"{'':16}{'µs CPU':>10}{'µs CPU':>10}{'bytes':>10}{'/s/core':>10}")
    for name, cost in costs.items():
        print(
            f"{name:16}{cost.ours:10.0f}{cost.bare:10.0f}{cost.size:10,}"
            f"{1e6 / cost.ours:10,.0f}{cost.bare / cost.ours * 100:7.0f} %"
        )


async def all_pages(
    node: BenchNode, token: str, writer: str, author: str, times: int
) -> dict[str, PageCost]:
    """Every page, one after the other."""
    pages = await prepare(node, token, writer, author)
    return {page.name: await measured(node, token, page, times) for page in pages}
