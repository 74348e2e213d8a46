"""Taking lists along and bringing them along, in a browser."""

import pytest
from aiohttp import FormData

from domain.errors import Conflict
from domain.kinds import AccountState, ImportKind, Role
from social import imports
from storage.queries import accounts
from storage.queries import imports as stored
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode, until
from tests.web.visitor import Shown, Visitor, Visitors

PATH = "/settings/lists"


async def bring(browser: Visitor, kind: str, content: bytes, **more: str) -> Shown:
    """Send a list by the form of the page."""
    shown = await browser.get(PATH)
    form = FormData(default_to_multipart=True)
    for name, value in {**shown.fields(PATH), "kind": kind, **more}.items():
        if name != "list":
            form.add_field(name, value)
    form.add_field("list", content, filename="mine.csv", content_type="text/csv")
    return await browser.ask("POST", PATH, data=form)


async def taken_in(browser: Visitor, kind: str, content: bytes, **more: str) -> Shown:
    """Send a list and wait until all of it is taken in; the page."""
    assert (await bring(browser, kind, content, **more)).location == PATH
    found: Shown | None = None

    async def done() -> bool:
        nonlocal found
        found = await browser.get(PATH)
        return "so far" not in found.text

    await until(done)
    assert found is not None
    return found


async def test_follows_mutes_and_blocks_are_brought_along_with_reasons_for_each_line(
    node: RunningNode, ana: Person, bo: Person, at_ana: Visitor
) -> None:
    cy = await node.person("cy")
    sent = (
        "Account address,Show boosts,Notify on new posts,Languages\n"
        f"bo@{node.host},false,true,de\n"
        f"nobody@{node.host},true,false,\n"
        f"ana@{node.host},true,false,\n"
        "cy,true,false,\n"
    )
    page = await taken_in(at_ana, "following_accounts", sent.encode())
    assert "2 of 4 lines are taken in." in page.text
    assert f"Line 3, nobody@{node.host}: Nobody of this name was found" in page.text
    assert "Nobody follows themselves" in page.text
    found = await ana.get(f"/api/v1/accounts/relationships?id[]={bo.id}&id[]={cy.id}")
    assert [one["following"] for one in found] == [True, True]
    assert (found[0]["showing_reblogs"], found[0]["notifying"]) == (False, True)
    assert found[0]["languages"] == ["de"]
    again = page.tree.css_first('a[href*="/failed/"]')
    assert again is not None
    failed = await at_ana.get(again.attributes["href"] or "")
    assert failed.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert failed.body.decode().splitlines()[1:] == [
        f"nobody@{node.host},true,false,",
        f"ana@{node.host},true,false,",
    ]
    await taken_in(at_ana, "muted_accounts", b"bo,false\n")
    await taken_in(at_ana, "blocked_accounts", b"cy\n")
    await taken_in(at_ana, "blocked_domains", b"far.example\n")
    stands = await ana.get(f"/api/v1/accounts/relationships?id[]={bo.id}&id[]={cy.id}")
    assert (stands[0]["muting"], stands[0]["muting_notifications"]) == (True, False)
    assert stands[1]["blocking"]
    assert await ana.get("/api/v1/domain_blocks") == ["far.example"]


async def test_what_is_taken_along_is_what_was_brought(
    node: RunningNode, ana: Person, bo: Person, at_ana: Visitor, visitors: Visitors
) -> None:
    cy = await node.person("cy")
    post = await bo.say("Worth keeping")
    follows = (
        "Account address,Show boosts,Notify on new posts,Languages\n"
        f'bo@{node.host},false,true,"de, en"\n'
    )
    lists = {
        "following_accounts": follows,
        "lists": f"'=Team,bo@{node.host}\n",
        "muted_accounts": f"Account address,Hide notifications\nbo@{node.host},false\n",
        "blocked_accounts": f"cy@{node.host}\n",
        "blocked_domains": "far.example\n",
        "bookmarks": f"{post['uri']}\n",
    }
    for kind, content in lists.items():
        page = await taken_in(at_ana, kind, content.encode())
        assert "did not work out" not in page.text, page.text
    for kind, content in lists.items():
        assert (await at_ana.get(f"{PATH}/{kind}.csv")).body.decode() == content
    assert [one["title"] for one in await ana.get("/api/v1/lists")] == ["=Team"]
    assert [one["id"] for one in await ana.get("/api/v1/bookmarks")] == [post["id"]]
    assert [one["id"] for one in await ana.get("/api/v1/blocks")] == [str(cy.id)]
    await ana.post(f"/api/v1/accounts/{bo.id}/mute", duration=3600)
    muted = await at_ana.get(f"{PATH}/muted_accounts.csv")
    assert muted.body.count(b"\n") == 1  # what ends by itself is not taken along
    at_bo = await visitors.of(bo)
    assert (await at_bo.get(f"{PATH}/bookmarks.csv")).body == b""
    assert (await at_bo.get(f"{PATH}/everything.csv")).status == 404


async def test_a_list_takes_the_place_of_what_was_there_only_if_asked_to(
    node: RunningNode, ana: Person, bo: Person, at_ana: Visitor
) -> None:
    cy = await node.person("cy")
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.post("/api/v1/domain_blocks", domain="old.example")
    await taken_in(at_ana, "following_accounts", b"cy\n")
    await taken_in(at_ana, "blocked_domains", b"new.example\n")

    async def followed() -> set[str]:
        found = await ana.get(f"/api/v1/accounts/{ana.id}/following")
        return {one["acct"] for one in found} - {"tertulia"}

    assert await followed() == {"bo", "cy"}
    assert await ana.get("/api/v1/domain_blocks") == ["new.example", "old.example"]
    await taken_in(at_ana, "following_accounts", b"cy\n", overwrite="1")
    await taken_in(at_ana, "blocked_domains", b"new.example\n", overwrite="1")
    assert await followed() == {"cy"}
    assert await ana.get("/api/v1/domain_blocks") == ["new.example"]
    wrong = await bring(at_ana, "following_accounts", b"https://far.example/1\n", overwrite="1")
    assert (wrong.status, "another kind" in wrong.text) == (422, True)
    assert await followed() == {"cy"}
    assert (await ana.get(f"/api/v1/accounts/relationships?id[]={cy.id}"))[0]["following"]


async def test_a_guest_finds_nobody_by_a_list(node: RunningNode, bo: Person) -> None:
    gina = await node.person("gina", Role.GUEST)
    content = f"bo@{node.host}\nnobody@{node.host}\n".encode()

    async def reasons(who: int) -> list[str]:
        name = {"kind": ImportKind.FOLLOWS, "overwrite": False, "name": "x.csv"}
        lines = imports.lines_of(ImportKind.FOLLOWS, content)
        number = await node.db.write(imports.begin, actor_id=who, lines=lines, **name)  # type: ignore[arg-type]

        async def done() -> bool:
            row = await node.db.read(stored.by_id, number)
            return row is not None and row.finished_at is not None

        await until(done)
        return [line.reason for line in await node.db.read(stored.failed, number, 9)]

    hidden, nobody = await reasons(gina.id)
    assert hidden == nobody  # and so tells nothing of who is here


async def test_a_disabled_account_s_list_is_not_taken_in(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    def begin_and_disable(tx: Tx) -> int:
        number = imports.begin(
            tx,
            actor_id=ana.id,
            kind=ImportKind.FOLLOWS,
            overwrite=True,
            name="x.csv",
            lines=imports.lines_of(ImportKind.FOLLOWS, b"bo\n"),
        )
        accounts.set_state(tx, ana.id, AccountState.DISABLED)
        return number

    number = await node.db.write(begin_and_disable)

    async def done() -> bool:
        row = await node.db.read(stored.by_id, number)
        return row is not None and row.finished_at is not None

    await until(done)
    assert len(await node.db.read(stored.waiting, number, 9)) == 1
    stands = await bo.get(f"/api/v1/accounts/relationships?id[]={ana.id}")
    assert not any(one["followed_by"] for one in stands)


async def test_Z02_nobody_reads_what_became_of_anothers_list(
    ana: Person, bo: Person, at_ana: Visitor, visitors: Visitors
) -> None:
    page = await taken_in(at_ana, "following_accounts", b"nobody\n")
    link = page.tree.css_first('a[href*="/failed/"]')
    assert link is not None
    href = link.attributes["href"] or ""
    assert (await at_ana.get(href)).status == 200
    at_bo = await visitors.of(bo)
    assert (await at_bo.get(href)).status == 404
    assert "mine.csv" not in (await at_bo.get(PATH)).text
    stranger = visitors.stranger()
    assert (await stranger.get(href)).location.startswith("/sign-in")


async def test_no_more_than_three_lists_at_a_time(node: RunningNode, ana: Person) -> None:
    def begin(tx: Tx) -> None:
        for _ in range(4):
            imports.begin(
                tx,
                actor_id=ana.id,
                kind=ImportKind.BLOCKS,
                overwrite=False,
                name="x",
                lines=imports.lines_of(ImportKind.BLOCKS, b"nobody\n"),
            )

    with pytest.raises(Conflict, match="wait"):
        await node.db.write(begin)


async def test_people_are_muted_and_servers_shut_out_on_pages(
    ana: Person, bo: Person, at_ana: Visitor
) -> None:
    await bo.say("Loud and clear")
    await at_ana.get("/@bo")
    await at_ana.send(f"/people/{bo.id}/mute")
    assert [one["acct"] for one in await ana.get("/api/v1/mutes")] == ["bo"]
    muted = await at_ana.get("/@bo")
    assert "You mute what is written here." in muted.text
    assert "Loud and clear" in muted.text  # one went to see it
    assert "@bo" in (await at_ana.get("/mutes")).text
    await at_ana.send(f"/people/{bo.id}/unmute")
    assert (await at_ana.ask("POST", f"/people/{bo.id}/unmute")).status != 303
    assert "You mute nobody." in (await at_ana.get("/mutes")).text
    await at_ana.send("/mutes/servers", domain="@Far.example")
    assert "far.example" in (await at_ana.get("/mutes")).text
    assert await ana.get("/api/v1/domain_blocks") == ["far.example"]
    await at_ana.send("/mutes/servers/remove", domain="far.example")
    assert await ana.get("/api/v1/domain_blocks") == []
    await at_ana.get("/mutes")
    assert (await at_ana.send("/mutes/servers", domain="no server")).status == 422
