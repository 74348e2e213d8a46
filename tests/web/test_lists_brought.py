"""Lists brought along by somebody who loses a right meanwhile, that poison, flood or never end."""

from typing import Any

import pytest

from domain.csv_lists import Said
from domain.errors import NotFound
from domain.kinds import ImportKind, LineState, Role
from federation.shares import Shares
from social import domain_blocks, import_lines, imports, search
from social.attempts import Pace
from storage.queries import accounts
from storage.queries import domain_blocks as shut
from storage.queries import follows as stored_follows
from storage.queries import imports as stored
from storage.tx import Tx
from tests.support.factories import guest, member
from tests.support.nodes import Person, RunningNode, until
from tests.support.stranger import stranger
from tests.web.test_pages_lists import PATH, bring
from tests.web.visitor import Visitor

WEBFINGER = "/.well-known/webfinger"


async def begun(
    node: RunningNode,
    who: Person,
    kind: ImportKind,
    content: str,
    *,
    overwrite: bool = False,
    lines: list[tuple[int, Said]] | None = None,
) -> int:
    """Take a list in from now on; its id."""
    return await node.db.write(
        imports.begin,
        actor_id=who.id,
        kind=kind,
        overwrite=overwrite,
        name="mine.csv",
        lines=lines or imports.lines_of(kind, content.encode()),
    )


async def over(node: RunningNode, number: int) -> dict[LineState, int]:
    """Wait until a list is taken in; how many of its lines are in which state."""

    async def done() -> bool:
        row = await node.db.read(stored.by_id, number)
        return row is not None and row.finished_at is not None

    await until(done)
    return (await node.db.read(stored.counts, [number]))[number]


async def nobody_else(_: str) -> None:
    raise AssertionError("no other server is asked")


# Rights that end.


async def test_G27_who_becomes_a_guest_keeps_nothing_and_asks_nobody_any_more(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RESOLVE_SECONDS", 40.0)  # the first line is what we end it by
    post = await bo.say("For colleagues only")
    async with stranger("far") as far:
        far.silent.add("/slow")
        content = f"{far.url('/slow')}\n{post['uri']}\n{far.url('/later')}\n"
        number = await begun(node, ana, ImportKind.BOOKMARKS, content)

        async def asked() -> bool:
            return far.fetches("/slow") > 0

        await until(asked)
        await node.db.write(accounts.set_role, ana.id, Role.GUEST)
        far.silent.clear()
        assert await over(node, number) == {LineState.FAILED: 3}
        assert far.fetches("/later") == 0
    assert await ana.get("/api/v1/bookmarks") == []


@pytest.mark.parametrize("kind", [ImportKind.MUTES, ImportKind.BLOCKS, ImportKind.BOOKMARKS])
async def test_G27_a_line_is_done_with_the_rights_of_that_moment(
    node: RunningNode, ana: Person, bo: Person, kind: ImportKind
) -> None:
    post = await bo.say("For colleagues only")
    said = {"account": "bo", "uri": post["uri"]}
    act = await import_lines.understood(
        node.parts.fetcher, viewer=member(ana.id), kind=kind, said=said, asks=nobody_else
    )
    with pytest.raises(NotFound):
        await node.db.write(act, guest(ana.id))
    await node.db.write(act, member(ana.id))


# Lines that nobody thought of.


async def test_one_bad_line_does_not_end_a_list(node: RunningNode, ana: Person, bo: Person) -> None:
    post = await bo.say("Worth keeping")
    number = await begun(
        node, ana, ImportKind.BOOKMARKS, "", lines=[(1, {"uri": 5}), (2, {"uri": post["uri"]})]
    )
    assert await over(node, number) == {LineState.FAILED: 1, LineState.DONE: 1}
    [bad] = await node.db.read(stored.failed, number, 9)
    assert (bad.number, bad.reason) == (1, "This line could not be taken in")
    assert [one["id"] for one in await ana.get("/api/v1/bookmarks")] == [post["id"]]


async def test_a_list_too_many_is_refused_before_it_is_looked_at(
    node: RunningNode, ana: Person, at_ana: Visitor
) -> None:
    first = await bring(at_ana, "blocked_accounts", b"\xff")
    assert (first.status, "UTF-8" in first.text) == (422, True)

    def waiting(tx: Tx) -> None:
        for _ in range(imports.MOST_OPEN):
            given: dict[str, Any] = {"kind": ImportKind.BLOCKS, "clears": False, "name": "x"}
            stored.add(tx, actor_id=ana.id, lines=[(1, {"account": "nobody"})], **given)

    await node.db.write(waiting)
    again = await bring(at_ana, "blocked_accounts", b"\xff")
    assert (again.status, "UTF-8" in again.text) == (409, False)
    assert (await at_ana.get(PATH)).text.count("so far") == imports.MOST_OPEN


# What was there, and goes.


async def test_what_goes_is_found_once_and_beside_the_writer(
    node: RunningNode, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(tx: Tx) -> None:
        for count in range(2 * import_lines.AT_ONCE + 1):
            domain = f"n{count}.example"
            domain_blocks.shut_out(tx, node=node.parts.node, actor_id=ana.id, domain=domain)

    seen: list[bool] = []
    every = stored.every

    def watched(tx: Tx, import_id: int) -> list[stored.Line]:
        seen.append(tx._session.writable)
        return every(tx, import_id)

    await node.db.write(fill)
    monkeypatch.setattr(stored, "every", watched)
    content = "n7.example\nnew.example\n"
    number = await begun(node, ana, ImportKind.DOMAIN_BLOCKS, content, overwrite=True)
    assert await over(node, number) == {LineState.DONE: 2}
    assert sorted(await node.db.read(shut.of, ana.id)) == ["n7.example", "new.example"]
    assert seen == [False]


async def test_lists_that_are_not_named_go_with_who_is_on_them(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    for content, overwrite in (("Old,bo\nKept,bo\n", False), ("Kept,bo\n", True)):
        number = await begun(node, ana, ImportKind.LISTS, content, overwrite=overwrite)
        assert LineState.FAILED not in await over(node, number)
    assert [one["title"] for one in await ana.get("/api/v1/lists")] == ["Kept"]


# Lists as floods.


def _names(host: str, count: int) -> str:
    return "".join(f"u{number}@{host}\n" for number in range(count))


async def test_no_server_is_asked_faster_than_it_bears_and_no_list_waits_for_another(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_PACE", Shares(per_second=0.001, burst=3))
    monkeypatch.setattr(imports, "TURN_SECONDS", 0.3)
    async with stranger("far") as far:
        flood = await begun(node, ana, ImportKind.FOLLOWS, _names(far.authority, 6))
        small = await begun(node, bo, ImportKind.FOLLOWS, "ana\n")
        assert await over(node, small) == {LineState.DONE: 1}

        async def three() -> bool:
            counts = await node.db.read(stored.counts, [flood])
            return counts[flood].get(LineState.FAILED) == 3

        await until(three)
        assert far.fetches(WEBFINGER) == 3
        monkeypatch.setattr(imports, "_PACE", Shares(per_second=100, burst=100))
        assert await over(node, flood) == {LineState.FAILED: 6}
        assert far.fetches(WEBFINGER) == 6


async def test_nobody_asks_for_more_names_in_a_day_than_a_person_may_know(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "NAMES", Pace(2, 3600))
    async with stranger("far") as far:
        content = f"{_names(far.authority, 3)}bo\n"
        number = await begun(node, ana, ImportKind.FOLLOWS, content)
        assert await over(node, number) == {LineState.FAILED: 3, LineState.DONE: 1}
        assert far.fetches(WEBFINGER) == 2
        other = await begun(node, bo, ImportKind.FOLLOWS, _names(far.authority, 1))
        await over(node, other)
        assert far.fetches(WEBFINGER) == 3
    reasons = [line.reason for line in await node.db.read(stored.failed, number, 9)]
    assert ["tomorrow" in reason for reason in reasons] == [False, False, True]


async def test_follows_by_a_list_are_counted_and_what_stands_is_not(
    node: RunningNode, ana: Person, bo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_lines, "FOLLOWS", Pace(1, 3600))
    cy = await node.person("cy")
    number = await begun(node, ana, ImportKind.FOLLOWS, "nobody\nbo\nbo,false\ncy\n")
    assert await over(node, number) == {LineState.FAILED: 2, LineState.DONE: 2}
    assert "tomorrow" in (await node.db.read(stored.failed, number, 9))[-1].reason
    assert await node.db.read(stored_follows.is_following, ana.id, bo.id)
    assert not await node.db.read(stored_follows.is_following, ana.id, cy.id)
