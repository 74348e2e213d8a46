"""A forgotten password: a link that an admin hands over, good once and for one person."""

import pytest
from sqlalchemy import update

from domain.errors import Conflict
from domain.kinds import Role
from social import accounts, apps
from social.accounts import RESET_MS
from storage.tables.accounts import links
from storage.tx import Tx
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import PASSWORD, Visitors, with_password

OVER = "This link was used or is over. Please ask for a new one."
NEW = "three wet umbrellas"


async def link_for(node: RunningNode, person: Person) -> str:
    return f"/reset/{await node.db.write(accounts.reset_link, account_id=person.id)}"


async def test_who_forgot_the_password_chooses_another_and_is_in(
    node: RunningNode, visitors: Visitors
) -> None:
    ana = await with_password(node, "ana")
    ana = Person(node, ana.id, "ana", (await _token(node, ana)))
    elsewhere, visitor = await visitors.of(ana), visitors.stranger()
    link = await link_for(node, ana)
    form = await visitor.get(link)
    assert "@ana" in form.text
    assert (await visitor.get(link)).status == 200, "looking does not use it up"
    done = await visitor.submit(form, link, password=NEW)
    assert (done.status, done.location) == (303, "/")
    assert (await visitor.get("/settings")).status == 200
    assert (await elsewhere.get("/settings")).status != 200, "the other browser is signed out"
    assert (await ana.ask("GET", "/api/v1/timelines/home")).status == 401
    assert (await visitors.stranger().sign_in("ana", NEW)).status == 303
    assert (await visitors.stranger().sign_in("ana", PASSWORD)).status == 422
    again = await visitors.stranger().get(link)
    assert again.status == 404
    assert OVER in again.text


async def _token(node: RunningNode, person: Person) -> str:
    issued = await node.db.write(
        apps.issue, app_id=None, account_id=person.id, granted="read write follow"
    )
    return issued.token


async def test_A15_links_that_are_not_good_are_all_alike(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    older = await link_for(node, ana)
    newer = await link_for(node, ana)
    invitation = await node.db.write(accounts.invite, role=Role.MEMBER)
    seen = set()
    for path in (older, f"/reset/{invitation}", "/reset/unknown", f"/reset/{'x' * 43}"):
        shown = await visitors.stranger().get(path)
        seen.add((shown.status, shown.html))
        assert OVER in shown.text
    assert len(seen) == 1
    assert next(iter(seen))[0] == 404
    assert (await visitors.stranger().get(newer)).status == 200


async def test_A15_a_link_is_over_after_an_hour(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    link = await link_for(node, ana)
    visitor = visitors.stranger()
    form = await visitor.get(link)
    await node.db.write(_grow_old)
    assert (await visitor.submit(form, link, password=NEW)).status == 404


def _grow_old(tx: Tx) -> None:
    tx.run(update(links).values(expires_at=links.c.expires_at - RESET_MS))


async def test_A15_the_links_of_a_closed_account_are_over(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    link = await link_for(node, ana)
    await node.db.write(accounts.disable, node=node.node, account_id=ana.id)
    assert (await visitors.stranger().get(link)).status == 404
    with pytest.raises(Conflict):
        await link_for(node, ana)


@pytest.mark.parametrize("password", ["short", "password1", "ana@mail.example", "brunhilde"])
async def test_a_password_that_is_too_easy_is_refused_and_the_link_stays(
    node: RunningNode, visitors: Visitors, password: str
) -> None:
    person = await node.person("brunhilde" if password == "brunhilde" else "ana")
    visitor, link = visitors.stranger(), await link_for(node, person)
    refused = await visitor.submit(await visitor.get(link), link, password=password)
    assert refused.status == 422
    assert refused.tree.css_first("[role=alert]") is not None
    assert f'"{password}"' not in refused.html.replace('value="brunhilde"', "")
    assert (await visitor.submit(refused, link, password=NEW)).status == 303


async def test_A18_a_form_without_this_browsers_word_is_refused(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    visitor, link = visitors.stranger(), await link_for(node, ana)
    assert (await visitor.post(link, password=NEW)).status == 403
    await visitor.get(link)
    assert (await visitor.post(link, password=NEW, csrf="y" * 43)).status == 403
    form = await visitor.get(link)
    assert (await visitor.submit(form, link, password=NEW)).status == 303


async def test_A18_who_was_signed_in_as_somebody_else_is_signed_in_anew(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    visitor = await visitors.of(bo)
    before, link = visitor.session_cookie, await link_for(node, ana)
    form = await visitor.get(link)
    assert (await visitor.submit(form, link, password=NEW)).status == 303
    assert visitor.session_cookie != before
    assert "@ana" in (await visitor.get("/settings")).html
