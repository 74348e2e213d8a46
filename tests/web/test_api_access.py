"""Every route of the client API against every class of caller: the declared table is what holds."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from domain.kinds import Role
from social import accounts, apps
from social.scopes import KNOWN, covers
from storage.tables import metadata
from storage.tx import Tx
from tests.support.nodes import Answer, Person, RunningNode
from web.authentication import LEAST_ROLE
from web.mastodon.tables import ROUTES
from web.routes import Access, Route

ALL = "read write follow push profile"
FOR_PEOPLE = [route for route in ROUTES if route.access in LEAST_ROLE]
FOR_ANYONE = [route for route in ROUTES if route.access is Access.ANYONE]


def digest(tx: Tx) -> dict[str, Any]:
    """Everything that is stored, but for what counts attempts and what the clock makes."""
    others = {"attempts", "jobs"}
    tables = [table for table in metadata.sorted_tables if table.name not in others]
    return {table.name: tx.all(select(*table.c)) for table in tables}


async def token(node: RunningNode, account_id: int | None, scopes: str) -> str:
    app_id = None
    if account_id is None:
        new = await node.db.write(
            apps.insert_app, name="Elk", redirect_uris="https://a.example/", wanted=ALL
        )
        app_id = new.app.id
    issued = await node.db.write(apps.issue, app_id=app_id, account_id=account_id, granted=scopes)
    return issued.token


async def call(node: RunningNode, route: Route, secret: str | None) -> Answer:
    """Call a route for things that do not exist. Streams are asked for their head alone."""
    path = re.sub(r"\{\w+\}", "4711", route.path)
    method = "HEAD" if path.startswith("/api/v1/streaming") else route.method
    headers = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
    return await node.ask(method, path, headers=headers)


def without(route: Route) -> str:
    """Every scope there is but those that open this route."""
    return " ".join(
        held for held in KNOWN if not any(covers(held, wanted) for wanted in route.scopes)
    )


async def test_Z01_strangers_are_refused_where_people_are_asked_for(node: RunningNode) -> None:
    before = await node.db.read(digest)
    for route in FOR_PEOPLE:
        for secret in (None, "nobody's", ""):
            answer = await call(node, route, secret)
            assert answer.status == 401, route
            assert not answer.body or answer.json == {"error": "The access token is invalid"}
    assert await node.db.read(digest) == before


async def test_Z01_an_invalid_token_is_refused_where_anyone_may_ask(node: RunningNode) -> None:
    for route in FOR_ANYONE:
        assert (await call(node, route, "nobody's")).status == 401, route
        assert (await call(node, route, None)).status in {200, 400, 404}, route


async def test_Z01_an_apps_own_token_is_nobody(node: RunningNode) -> None:
    secret = await token(node, None, ALL)
    before = await node.db.read(digest)
    for route in FOR_PEOPLE:
        answer = await call(node, route, secret)
        assert answer.status == 422, route
        assert not answer.body or "requires an authenticated user" in answer.json["error"]
    assert await node.db.read(digest) == before


async def test_A04_a_token_without_the_scope_is_refused(node: RunningNode, ana: Person) -> None:
    secrets = {scopes: await token(node, ana.id, scopes) for scopes in map(without, ROUTES)}
    before = await node.db.read(digest)
    for route in [*FOR_PEOPLE, *FOR_ANYONE]:
        if not route.scopes:
            continue
        answer = await call(node, route, secrets[without(route)])
        assert answer.status == 403, route
        assert not answer.body or "outside the authorized scopes" in answer.json["error"]
    assert await node.db.read(digest) == before


async def test_A04_a_token_with_just_the_scope_is_let_in(node: RunningNode, ana: Person) -> None:
    for route in [*FOR_PEOPLE, *FOR_ANYONE]:
        for scope in route.scopes or ("push",):
            answer = await call(node, route, await token(node, ana.id, scope))
            assert answer.status in {200, 400, 404, 422}, (route, answer.status)


async def test_the_old_follow_scope_still_works(node: RunningNode, ana: Person, bo: Person) -> None:
    follower = Person(node, ana.id, "ana", await token(node, ana.id, "follow"))
    assert (await follower.post(f"/api/v1/accounts/{bo.id}/follow"))["following"]
    assert (await follower.ask("GET", "/api/v1/timelines/home")).status == 403


async def test_A04_a_token_in_the_query_and_in_the_form_count_alike(
    node: RunningNode, ana: Person
) -> None:
    found = await node.ask("GET", f"/api/v1/timelines/home?access_token={ana.token}")
    assert found.status == 200
    posted = await node.ask(
        "POST", "/api/v1/statuses", data={"status": "Hello", "access_token": ana.token}
    )
    assert posted.status == 200
    headers = {"Sec-WebSocket-Protocol": ana.token}  # only where a socket is opened
    assert (await node.ask("GET", "/api/v1/timelines/home", headers=headers)).status == 401


async def test_A08_rights_that_ended_end_every_route_at_once(
    node: RunningNode, ana: Person
) -> None:
    assert (await ana.ask("GET", "/api/v1/timelines/home")).status == 200
    await node.db.write(accounts.disable, node=node.node, account_id=ana.id)
    for route in FOR_PEOPLE:
        assert (await call(node, route, ana.token)).status == 401, route


async def test_A08_a_token_that_ends_while_a_write_is_under_way_writes_nothing(
    node: RunningNode, ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token is valid when the request comes in, and revoked before the unit that stores."""

    async def slow(*_: Any, **__: Any) -> list[Any]:
        await node.db.write(accounts.reset_password, account_id=ana.id, password_hash="")
        return []

    monkeypatch.setattr("web.mastodon.statuses._look_up", slow)
    before = await node.db.read(digest)
    answer = await ana.ask("POST", "/api/v1/statuses", json={"status": "Too late"})
    assert (answer.status, answer.json) == (401, {"error": "The access token is invalid"})
    after = await node.db.read(digest)
    assert after["posts"] == before["posts"]


async def test_guests_have_the_same_routes_and_less_to_see(node: RunningNode) -> None:
    gina = await node.person("gina", Role.GUEST)
    for route in FOR_PEOPLE:
        if route.access is Access.ACCOUNT:
            answer = await call(node, route, gina.token)
            assert answer.status in {200, 400, 404, 422}, (route, answer.status)
