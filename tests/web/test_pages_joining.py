"""Getting an account in a browser: links that work once, and forms that lose nothing."""

import asyncio
from collections.abc import Callable

import pytest

from domain.kinds import Role
from social import accounts
from storage.tx import Tx
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.visitor import PASSWORD, Shown, Visitor, Visitors, new_session

OVER = "This link was used or is over. Please ask for a new one."


async def first_link(node: RunningNode) -> str:
    token = await node.db.write(accounts.first_admin_link)
    assert token is not None
    return f"/welcome/{token}"


async def invitation(node: RunningNode, role: Role = Role.MEMBER) -> str:
    return f"/welcome/{await node.db.write(accounts.invite, role=role)}"


async def join(visitor: Visitor, link: str, handle: str, **more: str) -> Shown:
    page = await visitor.get(link)
    if page.status != 200:
        return page
    typed = {"handle": handle, "email": f"{handle}@mail.example", "password": PASSWORD, **more}
    return await visitor.submit(page, link, **typed)


def role_of(tx: Tx, handle: str) -> Role:
    return accounts.account_of(tx, handle).role


async def test_the_first_admin_comes_in_by_the_link(node: RunningNode, visitors: Visitors) -> None:
    visitor, link = visitors.stranger(), await first_link(node)
    welcome = await visitor.get(link)
    assert "the first one here" in welcome.text
    joined = await join(visitor, link, "Ana")
    assert (joined.status, joined.location) == (303, "/")
    home = await visitor.get("/")
    assert home.tree.css_first('form[action="/posts"]') is not None
    assert await node.db.read(role_of, "ana") is Role.ADMIN
    assert (await visitors.stranger().sign_in("ana")).status == 303


async def test_A15_a_link_works_once_and_unknown_used_and_over_are_the_same(
    node: RunningNode, visitors: Visitors
) -> None:
    link, other = await first_link(node), await first_link(node)
    assert (await join(visitors.stranger(), link, "ana")).status == 303
    seen = set()
    for path in (link, other, "/welcome/unknown", f"/welcome/{'x' * 43}"):
        shown = await visitors.stranger().get(path)
        seen.add((shown.status, shown.html))
        assert OVER in shown.text
    assert len(seen) == 1
    assert next(iter(seen))[0] == 404
    assert (await visitors.stranger().get(await invitation(node))).status == 200


async def test_A15_links_for_other_purposes_do_not_open_it(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    reset = await node.db.write(accounts.reset_link, account_id=ana.id)
    nothing = await visitors.stranger().get("/welcome/" + "x" * 43)
    assert nothing.status == 404
    assert _said(await visitors.stranger().get(f"/welcome/{reset}")) == _said(nothing)


def _said(shown: Shown) -> tuple[int, dict[str, str], bytes]:
    """Everything but the date and this browser's own word."""
    status, headers, body = shown.compared()
    return status, {name: value for name, value in headers.items() if name != "Set-Cookie"}, body


async def test_A16_of_many_at_once_one_gets_in(node: RunningNode, visitors: Visitors) -> None:
    link = await invitation(node)
    people = [visitors.stranger() for _ in range(8)]
    pages = [await person.get(link) for person in people]
    answers = await asyncio.gather(
        *(
            person.submit(
                page, link, handle=f"p{number}", email=f"p{number}@x.example", password=PASSWORD
            )
            for number, (person, page) in enumerate(zip(people, pages, strict=True))
        )
    )
    assert sorted(answer.status for answer in answers) == [303] + [404] * 7


async def test_A16_the_role_is_the_links_whatever_is_sent(
    node: RunningNode, visitors: Visitors
) -> None:
    for role, handle in ((Role.GUEST, "gus"), (Role.MEMBER, "mia")):
        link = await invitation(node, role)
        joined = await join(visitors.stranger(), link, handle, role="admin", account_role="4")
        assert joined.status == 303
        assert await node.db.read(role_of, handle) is role


WRONG = {
    "a reserved name": {"handle": "admin"},
    "a name with a space": {"handle": "a b"},
    "no address": {"email": "nowhere"},
    "a short password": {"password": "seven77"},
    "a common password": {"password": "password1"},
    "the name as password": {"handle": "brunhilde", "password": "Brunhilde"},
    "a name that is taken": {"handle": "ANA"},
    "an address that is taken": {"email": "Ana@mail.example"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
async def test_what_was_typed_stays_and_the_link_is_not_used_up(
    node: RunningNode, visitors: Visitors, ana: Person, wrong: dict[str, str]
) -> None:
    visitor, link = visitors.stranger(), await invitation(node)
    typed = {"handle": "bo_1", "email": "bo@mail.example", "password": PASSWORD, **wrong}
    refused = await visitor.submit(await visitor.get(link), link, **typed)
    assert refused.status in {409, 422}
    assert refused.tree.css_first("[role=alert]") is not None
    kept = refused.fields(link)
    assert (kept["handle"], kept["email"]) == (typed["handle"], typed["email"])
    assert kept["password"] == ""
    assert typed["password"] not in refused.html
    again = {"handle": "bo_1", "email": "bo@mail.example", "password": PASSWORD}
    assert (await visitor.submit(refused, link, **again)).status == 303


async def test_A12_a_taken_name_and_a_taken_address_say_the_same(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    visitor, link = visitors.stranger(), await invitation(node)
    page, said = await visitor.get(link), set()
    for wrong in ({"handle": "ana"}, {"email": "ana@mail.example"}):
        typed = {"handle": "bo", "email": "bo@mail.example", "password": PASSWORD, **wrong}
        refused = await visitor.submit(page, link, **typed)
        alert = refused.tree.css_first("[role=alert]")
        assert alert is not None
        said.add((refused.status, alert.text()))
    assert len(said) == 1


async def test_A18_a_welcome_form_without_this_browsers_word_is_refused(
    node: RunningNode, visitors: Visitors
) -> None:
    visitor, link = visitors.stranger(), await invitation(node)
    typed = {"handle": "bo", "email": "bo@mail.example", "password": PASSWORD}
    assert (await visitor.post(link, **typed)).status == 403
    await visitor.get(link)
    assert (await visitor.post(link, **typed, csrf="y" * 43)).status == 403
    assert (await join(visitor, link, "bo")).status == 303


async def test_joining_is_only_where_it_is_open(
    node: RunningNode, visitors: Visitors, new_database_url: Callable[[], str]
) -> None:
    assert (await visitors.stranger().get("/join")).status == 404
    assert "/join" not in (await visitors.stranger().get("/")).html
    assert (await visitors.stranger().post("/join", handle="x")).status == 404
    url = new_database_url()
    folder = folder_beside(url) / "lab"
    async with (
        running_node(url, folder, "lab", registration="open") as lab,
        new_session() as session,
    ):
        visitor = Visitors(lab, session).stranger()
        assert "/join" in (await visitor.get("/")).html
        assert (await join(visitor, "/join", "bo", role="admin")).status == 303
        assert await lab.db.read(role_of, "bo") is Role.MEMBER


async def test_invitations_are_made_by_moderators_where_they_are_allowed(
    node: RunningNode, visitors: Visitors, new_database_url: Callable[[], str]
) -> None:
    admin = await visitors.of(await node.person("ada", Role.ADMIN))
    assert (await admin.get("/invitations")).status == 404, "closed is closed"
    url = new_database_url()
    folder = folder_beside(url) / "lab"
    async with (
        running_node(url, folder, "lab", registration="invite") as lab,
        new_session() as session,
    ):
        there = Visitors(lab, session)
        member = await there.of(await lab.person("mia"))
        assert (await member.get("/invitations")).status == 404
        home = await member.get("/settings")
        assert "/invitations" not in home.html
        assert (await member.submit(home, "/settings")).status == 303
        word = home.fields("/settings")["csrf"]
        assert (await member.post("/invitations", csrf=word)).status == 404
        moderator = await there.of(await lab.person("max", Role.MODERATOR))
        page = await moderator.get("/invitations")
        made = await moderator.submit(page, "/invitations", role="guest")
        shown = made.tree.css_first("#link")
        assert shown is not None
        link = (shown.attributes["value"] or "").removeprefix(lab.origin)
        assert link.startswith("/welcome/")
        assert (await join(there.stranger(), link, "gus")).status == 303
        assert await lab.db.read(role_of, "gus") is Role.GUEST
