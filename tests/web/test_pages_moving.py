"""The pages for moving, for pinning, and for who comes from a page elsewhere."""

from collections.abc import AsyncIterator

import pytest

from tests.support.nodes import Person, RunningNode, until
from tests.support.stranger import Stranger, stranger
from tests.web.visitor import PASSWORD, Visitor, Visitors, with_password

PATH = "/settings/moving"


@pytest.fixture
async def far() -> AsyncIterator[Stranger]:
    """A server elsewhere, on which eve lives."""
    async with stranger("far") as server:
        yield server


# Moving.


async def test_an_old_account_is_named_and_removed(
    node: RunningNode, at_ana: Visitor, far: Stranger
) -> None:
    eve = far.person("eve")
    page = await at_ana.get("/settings")
    assert page.tree.css_first(f'a[href="{PATH}"]') is not None
    await at_ana.get(PATH)
    assert (await at_ana.send(f"{PATH}/from", account=f"@eve@{far.authority}")).status == 303
    shown = await at_ana.get(PATH)
    assert f"@eve@{far.authority}" in shown.text
    assert shown.fields(f"{PATH}/from/remove")["account"] == eve.uri
    assert (await at_ana.send(f"{PATH}/from/remove")).status == 303
    assert f"@eve@{far.authority}" not in (await at_ana.get(PATH)).text


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("@nobody@far.localhost:1", "no account of that name"),
        ("not a name", "no account of that name"),
        ("http://10.0.0.1/users/eve", "no account of that name"),
        ("@ana", "this very account"),
        ("@node", "Only accounts of people"),
        ("", "no account of that name"),
    ],
)
async def test_F01_what_is_no_account_is_not_named(at_ana: Visitor, name: str, reason: str) -> None:
    await at_ana.get(PATH)
    shown = await at_ana.send(f"{PATH}/from", account=name)
    assert shown.status == 422
    assert reason in shown.text


async def test_one_moves_to_another_account_here(
    node: RunningNode, visitors: Visitors, bo: Person
) -> None:
    cy = await with_password(node, "cy")
    at_bo, at_cy = await visitors.of(bo), await visitors.of(cy)
    await at_bo.get(PATH)
    await at_bo.send(f"{PATH}/from", account="@cy")
    await at_cy.get(PATH)
    assert (await at_cy.send(PATH, account="@bo", password="wrong")).status == 422
    assert (await at_cy.send(PATH, account="@bo", password=PASSWORD)).status == 303
    assert "leads to @bo@" in (await at_cy.get(PATH)).text
    profile = await at_bo.get("/@cy")
    assert "moved to @bo@" in profile.text
    assert profile.tree.css_first(f'form[action="/people/{cy.id}/follow"]') is None
    api = await bo.get(f"/api/v1/accounts/{cy.id}")
    assert api["moved"]["id"] == str(bo.id)
    assert (await bo.get("/api/v1/accounts/lookup", acct="cy"))["moved"]["id"] == str(bo.id)
    await at_cy.get(PATH)
    assert (await at_cy.send(f"{PATH}/end")).status == 303
    assert "moved to" not in (await at_bo.get("/@cy")).text


async def test_guests_do_not_move(visitors: Visitors, gina: Person, ana: Person) -> None:
    at_gina = await visitors.of(gina)
    assert (await at_gina.get(PATH)).status == 404
    assert (await at_gina.get("/settings")).tree.css_first(f'a[href="{PATH}"]') is None
    form = await at_gina.get("/settings")
    csrf = form.fields("/settings")["csrf"]
    for path in (PATH, f"{PATH}/from", f"{PATH}/from/remove", f"{PATH}/end"):
        assert (await at_gina.post(path, csrf=csrf, account="@ana", password="x")).status == 404


async def test_C01_no_form_works_without_its_word(at_ana: Visitor) -> None:
    await at_ana.get(PATH)
    for path in (PATH, f"{PATH}/from", f"{PATH}/from/remove", f"{PATH}/end"):
        assert (await at_ana.post(path, account="@bo", password=PASSWORD)).status == 403


# Pinning.


async def test_a_post_is_pinned_and_taken_down_from_its_page(
    ana: Person, bo: Person, at_ana: Visitor, visitors: Visitors
) -> None:
    first, _ = await ana.say("first words"), await ana.say("second words")
    at_bo = await visitors.of(bo)
    assert "Pinned" not in (await at_bo.get("/@ana")).text
    await at_ana.get("/@ana")
    assert (await at_ana.send(f"/posts/{first['id']}/pin")).status == 303
    shown = await at_bo.get("/@ana")
    heading, below = shown.text.split("Pinned", 1)
    assert "first words" not in heading
    assert below.index("first words") < below.index("second words")
    assert shown.tree.css_first(f'form[action="/posts/{first["id"]}/unpin"]') is None
    await at_ana.get("/@ana")
    assert (await at_ana.send(f"/posts/{first['id']}/unpin")).status == 303
    assert "Pinned" not in (await at_bo.get("/@ana")).text


async def test_what_only_the_named_may_read_has_no_button(ana: Person, at_ana: Visitor) -> None:
    secret = await ana.say("@ana to myself", visibility="direct")
    shown = await at_ana.get("/@ana")
    assert "to myself" in shown.text
    assert shown.tree.css_first(f'form[action="/posts/{secret["id"]}/pin"]') is None
    csrf = shown.fields(f"/posts/{secret['id']}/like")["csrf"]
    refused = await at_ana.post(f"/posts/{secret['id']}/pin", csrf=csrf, back="/@ana")
    assert refused.status == 422


# From a page elsewhere.

INTENT = "/authorize_interaction"


async def test_opening_a_link_from_elsewhere_asks_nobody(at_ana: Visitor, far: Stranger) -> None:
    far.person("eve")
    shown = await at_ana.get(f"{INTENT}?uri=acct:eve@{far.authority}")
    assert (shown.status, far.seen) == (200, [])
    assert f"@eve@{far.authority}" in shown.text
    found = await at_ana.send(INTENT)
    assert (found.status, found.location) == (303, f"/@eve@{far.authority}")
    assert (await at_ana.follow(found)).status == 200
    again = await at_ana.get(f"{INTENT}?uri=eve@{far.authority}")
    assert again.location == f"/@eve@{far.authority}", "known by now"


async def test_a_post_elsewhere_is_looked_up_too(at_ana: Visitor, far: Stranger) -> None:
    note = far.note(far.person("eve"))
    await at_ana.get(f"{INTENT}?uri={note['id']}")
    found = await at_ana.send(INTENT)
    assert found.location.startswith(f"/@eve@{far.authority}/")
    assert "hello" in (await at_ana.follow(found)).text


async def test_our_own_people_and_posts_are_known(at_ana: Visitor, bo: Person) -> None:
    post = await bo.say("one")
    assert (await at_ana.get(f"{INTENT}?uri={bo.uri}")).location == "/@bo"
    assert (await at_ana.get(f"{INTENT}?uri={bo.acct[1:]}")).location == "/@bo"
    assert (await at_ana.get(f"{INTENT}?uri={post['uri']}")).location == f"/@bo/{post['id']}"


@pytest.mark.parametrize("uri", ["", "nonsense", "javascript:alert(1)", "http://", "@", "acct:"])
async def test_nonsense_is_nobody(at_ana: Visitor, uri: str) -> None:
    shown = await at_ana.get(f"{INTENT}?uri={uri}")
    assert shown.status == 404
    assert "Nobody and nothing" in shown.text


async def test_looking_up_takes_a_session_and_the_forms_word(
    stranger: Visitor, at_ana: Visitor, far: Stranger
) -> None:
    far.person("eve")
    anonymous = await stranger.get(f"{INTENT}?uri=eve@{far.authority}")
    assert anonymous.location.startswith("/sign-in?next=")
    assert (await at_ana.post(INTENT, uri=f"@eve@{far.authority}")).status == 403
    assert far.seen == []


async def test_who_follows_is_told_where_somebody_went(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    cy = await with_password(node, "cy")
    await bo.post(f"/api/v1/accounts/{cy.id}/follow")
    at_ana, at_bo, at_cy = await visitors.of(ana), await visitors.of(bo), await visitors.of(cy)
    await at_ana.get(PATH)
    await at_ana.send(f"{PATH}/from", account="@cy")
    await at_cy.get(PATH)
    await at_cy.send(PATH, account="@ana", password=PASSWORD)

    async def told() -> bool:
        return "moved to another account" in (await at_bo.get("/notifications")).text

    await until(told)
    (one,) = await bo.notifications()
    assert (one["type"], one["target"]["acct"]) == ("move", "ana")
    (standing,) = await bo.get("/api/v1/accounts/relationships", **{"id[]": str(ana.id)})
    assert standing["following"] or standing["requested"]
