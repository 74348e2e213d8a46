"""Accounts that apps make, where the operator lets anybody in."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.databases import folder_beside
from tests.support.nodes import Answer, Person, RunningNode, running_node

PATH = "/api/v1/accounts"
FORM = {
    "username": "cy",
    "email": "cy@mail.example",
    "password": "a long enough password",
    "agreement": "true",
    "locale": "en",
}


@pytest.fixture
async def open_node(new_database_url: Callable[[], str]) -> AsyncIterator[RunningNode]:
    """A node that lets anybody in."""
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "open", registration="open") as running:
        yield running


async def app_token(node: RunningNode, scopes: str = "read write follow") -> str:
    app = {"client_name": "toot", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes}
    made = (await node.ask("POST", "/api/v1/apps", json=app)).json
    keys = {name: made[name] for name in ("client_id", "client_secret")}
    asked = {"grant_type": "client_credentials", "scope": scopes, **keys}
    token: str = (await node.ask("POST", "/oauth/token", json=asked)).json["access_token"]
    return token


async def sign_up(node: RunningNode, token: str, **changed: Any) -> Answer:
    sent = {name: value for name, value in (FORM | changed).items() if value is not None}
    return await node.ask("POST", PATH, json=sent, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.operation(
    "POST /api/v1/accounts",
    "GET /api/v1/accounts/lookup",
    "POST /oauth/token",
    "POST /api/v1/apps",
)
async def test_a_token_for_a_new_account_works_at_once(open_node: RunningNode) -> None:
    answer = await sign_up(open_node, await app_token(open_node))
    assert answer.json["scope"] == "read write follow"
    cy = Person(open_node, 0, "cy", answer.json["access_token"])
    posted = await cy.say("Here I am", visibility="private")
    other = await open_node.person("bo")
    assert (await other.get(f"{PATH}/lookup", acct="cy"))["id"] == posted["account"]["id"]
    app = await cy.get("/api/v1/apps/verify_credentials")
    assert app["name"] == "toot"


async def test_A04_the_new_token_has_no_more_scopes_than_the_apps_own(
    open_node: RunningNode,
) -> None:
    answer = await sign_up(open_node, await app_token(open_node, "write:accounts"))
    assert answer.json["scope"] == "write:accounts"
    cy = Person(open_node, 0, "cy", answer.json["access_token"])
    assert (await cy.ask("GET", f"{PATH}/verify_credentials")).status == 403
    refused = await sign_up(open_node, await app_token(open_node, "read"), username="di")
    assert refused.status == 403


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"username": None}, "username", "ERR_BLANK"),
        ({"username": "a b"}, "username", "ERR_INVALID"),
        ({"username": "admin"}, "username", "ERR_INVALID"),
        ({"email": "no address"}, "email", "ERR_INVALID"),
        ({"password": "short"}, "password", "ERR_INVALID"),
        ({"password": "cy@mail.example"}, "password", "ERR_INVALID"),
        ({"agreement": "false"}, "agreement", "ERR_ACCEPTED"),
        ({"agreement": None}, "agreement", "ERR_ACCEPTED"),
    ],
)
async def test_what_is_wrong_is_said_by_field(
    open_node: RunningNode, changed: dict[str, Any], field: str, code: str
) -> None:
    answer = await sign_up(open_node, await app_token(open_node), **changed)
    assert answer.status == 422
    assert answer.json["error"].startswith("Validation failed: ")
    assert [one["error"] for one in answer.json["details"][field]] == [code]
    assert list(answer.json["details"]) == [field]


async def test_A12_a_taken_handle_and_a_taken_address_are_refused_alike(
    open_node: RunningNode,
) -> None:
    token = await app_token(open_node)
    assert (await sign_up(open_node, token)).status == 200
    handle = await sign_up(open_node, token, email="new@mail.example")
    address = await sign_up(open_node, token, username="new")
    assert (handle.status, handle.body) == (422, address.body)
    assert handle.json["details"]["email"] == handle.json["details"]["username"]


async def test_only_an_app_signs_somebody_up_and_only_where_anybody_may(
    open_node: RunningNode, node: RunningNode
) -> None:
    ana = await open_node.person("ana")
    assert (await sign_up(open_node, ana.token)).status == 403
    assert (await open_node.ask("POST", PATH, json=FORM)).status == 401
    closed = await sign_up(node, await app_token(node))
    assert closed.status == 403
    assert "made by the admins" in closed.json["error"]
    for running, is_open in ((open_node, True), (node, False)):
        told = (await running.ask("GET", "/api/v2/instance")).json["registrations"]
        assert (told["enabled"], told["message"] is None) == (is_open, is_open)
        assert (await running.ask("GET", "/api/v1/instance")).json["registrations"] is is_open


async def test_A13_sign_ups_from_one_address_are_few(new_database_url: Callable[[], str]) -> None:
    url = new_database_url()
    async with running_node(
        url, folder_beside(url) / "open", registration="open", rate_limits="on"
    ) as node:
        token = await app_token(node)
        names = [f"person{number}" for number in range(6)]
        answers = [
            await sign_up(node, token, username=name, email=f"{name}@mail.example")
            for name in names
        ]
        assert [answer.status for answer in answers] == [200] * 5 + [429]
