"""docs/mastodon-api.md: what stands here for each documented operation of the Mastodon API.

The operations are docs/mastodon-operations.txt, the routes web/mastodon/tables.py and the pages,
and who showed an operation at work are the marks `@pytest.mark.operation("GET /api/v1/…", …)` above
tests, read from the sources. `python -m tests.support.operations` writes the page anew.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from web.mastodon import absent
from web.routes import Route
from web.tables import ROUTES

TESTS: Final = Path(__file__).parents[1]
LIST: Final = TESTS.parent / "docs" / "mastodon-operations.txt"
PAGE: Final = TESTS.parent / "docs" / "mastodon-api.md"
COMMAND: Final = "python -m tests.support.operations"

WORKS: Final = "works"
EMPTY: Final = "empty by design"
MISSING: Final = "missing"

PRIORITIES: Final[Mapping[str, str]] = {
    "P0": "without which no app starts",
    "P1": "common in apps",
    "P2": "rare, or for settings",
    "P3": "may be empty",
}
MAY_BE_EMPTY: Final = "P3"

_HEAD: Final = f"""# The Mastodon API, operation by operation

All documented operations of the Mastodon client API, by how badly apps need them. One that
*works* has a test in which a change made by one client is seen through it by another; the files
of such tests are named. One that is *empty by design* answers in the documented shape that there
is nothing, or with an error in JSON. Only operations that apps can do without may be so.

Two operations work and always say the same, by decision (protocol §8): nobody waits for
`GET /api/v1/notifications/requests/merged`, which is always `true`, and
`GET /api/v1/instance/activity` says "0" for every week, since nobody counts what people do.

Live updates by WebSocket (`GET /api/v1/streaming`) are no documented operation of their own and
work; so do `GET /api/v1/search` and `PUT` where the documentation has `PATCH`.

This page is generated from `docs/mastodon-operations.txt`, the table of routes and the marks above
the tests (`{COMMAND}`); a test fails if it differs, if an operation is
missing, if one of the first three kinds is empty, or if one that works is not shown.
"""


class Operation(NamedTuple):
    """One documented operation; `name` is its method and its path."""

    priority: str
    name: str


class Row(NamedTuple):
    """One row of the page: `shown` are the files of the tests in which it is at work."""

    operation: Operation
    state: str
    shown: tuple[str, ...]


@cache
def operations() -> tuple[Operation, ...]:
    """The documented operations, in the order of the list."""
    lines = (line for line in LIST.read_text().splitlines() if not line.startswith("#"))
    return tuple(Operation(*line.split(" ", 1)) for line in lines if line)


def form_of(name: str) -> str:
    """A method and a path, whatever its changing parts are called."""
    return re.sub(r":\w+|\{\w+\}", ":x", name)


def states(routes: Iterable[Route] = ROUTES) -> dict[str, str]:
    """What stands for each method and path, by their form."""
    return {
        form_of(f"{route.method} {route.path}"): EMPTY
        if route.handler.__module__ == absent.__name__
        else WORKS
        for route in routes
    }


def marks(folder: Path = TESTS) -> dict[str, list[str]]:
    """The files of the tests that show an operation, by its name.

    Raises:
        ValueError: a mark names nothing, names it by other than literal strings, or names what is
            no documented operation.
    """
    shown: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for name in _of_file(path):
            files = shown.setdefault(name, [])
            where = path.relative_to(folder).as_posix()
            if where not in files:
                files.append(where)
    return shown


def _of_file(path: Path) -> Iterator[str]:
    text = path.read_text()
    if "mark.operation(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.operation":
            yield from _names(node, path.name)


def _names(call: ast.Call, where: str) -> list[str]:
    said = [one.value for one in call.args if isinstance(one, ast.Constant)]
    names = [name for name in said if isinstance(name, str)]
    if call.keywords or not names or len(names) != len(call.args):
        raise ValueError(f"{where}: a mark is one or more literal strings")
    known = {one.name for one in operations()}
    for name in names:
        if name not in known:
            raise ValueError(f"{where}: {name} is no operation of {LIST.name}")
    return names


def rows(
    routes: Iterable[Route] = ROUTES, shown: Mapping[str, list[str]] | None = None
) -> list[Row]:
    """Every operation with what stands for it."""
    there = states(routes)
    found = marks() if shown is None else shown
    return [
        Row(one, there.get(form_of(one.name), MISSING), tuple(found.get(one.name, ())))
        for one in operations()
    ]


def gaps(found: Iterable[Row]) -> list[str]:
    """What is wrong with the rows: nothing, if each is what its priority asks for."""
    wrong = []
    for row in found:
        if row.state == MISSING:
            wrong.append(f"{row.operation.name}: there is no route")
        elif row.state == EMPTY:
            if row.operation.priority != MAY_BE_EMPTY:
                wrong.append(f"{row.operation.name}: only {MAY_BE_EMPTY} may be empty")
        elif not row.shown:
            wrong.append(f"{row.operation.name}: no test is marked as showing it")
    return wrong


def written(found: Iterable[Row]) -> str:
    """The page."""
    sections: dict[str, list[Row]] = {priority: [] for priority in PRIORITIES}
    for row in found:
        sections[row.operation.priority].append(row)
    count = sum(map(len, sections.values()))
    empty = sum(row.state == EMPTY for some in sections.values() for row in some)
    figures = f"\n{count - empty} of {count} work; {empty} are empty by design.\n"
    return _HEAD + figures + "".join(_section(*section) for section in sections.items())


def _section(priority: str, found: Iterable[Row]) -> str:
    head = f"\n## {priority}: {PRIORITIES[priority]}\n\n| operation | | shown in |\n|---|---|---|\n"
    return head + "".join(
        f"| `{row.operation.name}` | {row.state} | {', '.join(row.shown)} |\n" for row in found
    )


if __name__ == "__main__":
    PAGE.write_text(written(rows()))
