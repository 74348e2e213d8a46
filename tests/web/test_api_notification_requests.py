"""The policy and the requests of who is held back, through apps."""

from typing import Any

import pytest

from tests.support.nodes import Person, RunningNode

V1 = "/api/v1/notifications"
POLICY = "/api/v2/notifications/policy"
REQUESTS = f"{V1}/requests"


async def strangers(node: RunningNode, ana: Person, names: str) -> list[Person]:
    """People whom Ana does not follow and does not want to hear of, and who write to her."""
    await ana.put(POLICY, for_not_following="filter")
    people = [await node.person(name) for name in names.split()]
    for person in people:
        await person.say("@ana hello")
    return people


async def listed(ana: Person, **params: Any) -> list[str]:
    return [line["account"]["acct"] for line in await ana.get(V1, **params)]


@pytest.mark.operation(
    "GET /api/v2/notifications/policy",
    "PATCH /api/v2/notifications/policy",
    "GET /api/v1/notifications/requests",
    "GET /api/v1/notifications/requests/:id",
    "POST /api/v1/notifications/requests/:id/accept",
    "GET /api/v1/notifications/requests/merged",
)
async def test_what_is_held_back_is_heard_once_it_is_accepted(
    node: RunningNode, ana: Person
) -> None:
    other_app = await ana.second_app()
    before = await other_app.get(POLICY)
    assert before["for_not_following"] == "accept"
    (bo,) = await strangers(node, ana, "bo")
    assert await listed(ana) == []
    assert await listed(ana, include_filtered="true") == ["bo"]
    changed = await other_app.get(POLICY)
    assert changed["for_not_following"] == "filter"
    assert changed["summary"] == {"pending_requests_count": 1, "pending_notifications_count": 1}
    (request,) = await other_app.get(REQUESTS)
    assert (request["account"]["acct"], request["notifications_count"]) == ("bo", "1")
    assert "hello" in request["last_status"]["content"]
    path = f"{REQUESTS}/{request['id']}"
    assert await other_app.get(path) == request
    for method in ("GET", "POST"):
        act = path if method == "GET" else f"{path}/accept"
        assert (await bo.ask(method, act)).status == 404
    assert await ana.post(f"{path}/accept") == {}
    assert await other_app.get(f"{REQUESTS}/merged") == {"merged": True}
    assert await other_app.get(REQUESTS) == []
    assert await listed(other_app) == ["bo"]
    await bo.say("@ana again")
    assert await listed(ana) == ["bo", "bo"]
    assert (await ana.ask("POST", f"{path}/accept")).status == 404


@pytest.mark.operation(
    "POST /api/v1/notifications/requests/:id/dismiss",
    "POST /api/v1/notifications/requests/dismiss",
    "POST /api/v1/notifications/requests/accept",
)
async def test_several_are_decided_at_once(node: RunningNode, ana: Person) -> None:
    people = await strangers(node, ana, "bo cy dan eva fay")
    ids = {one["account"]["acct"]: one["id"] for one in await ana.get(REQUESTS)}
    assert sorted(ids) == [person.handle for person in people]
    page = await ana.ask("GET", REQUESTS, params={"limit": "2"})
    assert [one["account"]["acct"] for one in page.json] == ["fay", "eva"]
    older = await ana.ask("GET", page.headers["Link"].split(">")[0].removeprefix("<"))
    assert [one["account"]["acct"] for one in older.json] == ["dan", "cy"]
    await ana.post(f"{REQUESTS}/{ids['bo']}/dismiss")
    await ana.post(f"{REQUESTS}/dismiss", id=[ids["cy"], "1"])
    await ana.post(f"{REQUESTS}/accept", id=[ids["dan"], ids["eva"]])
    other_app = await ana.second_app()
    left = [one["account"]["acct"] for one in await other_app.get(REQUESTS)]
    assert left == ["fay"]
    assert await listed(other_app, include_filtered="true") == ["fay", "eva", "dan"]
    assert await listed(other_app) == ["eva", "dan"]


async def test_a_policy_changes_only_where_something_was_sent(ana: Person) -> None:
    sent = {"for_private_mentions": "drop", "for_new_accounts": "filter"}
    changed = (await ana.ask("PATCH", POLICY, data=sent)).json
    assert (changed["for_private_mentions"], changed["for_new_accounts"]) == ("drop", "filter")
    await ana.put(POLICY, for_new_accounts="accept")
    kept = await ana.get(POLICY)
    assert (kept["for_private_mentions"], kept["for_new_accounts"]) == ("drop", "accept")
    refused = await ana.ask("PUT", POLICY, json={"for_not_followers": "perhaps"})
    assert refused.status == 422
    assert "accept, filter or drop" in refused.json["error"]
    assert await ana.get(POLICY) == kept


async def test_the_older_form_knows_of_holding_back_alone(ana: Person) -> None:
    path = f"{V1}/policy"
    assert (await ana.get(path))["filter_not_following"] is False
    changed = await ana.put(path, filter_not_following=True)
    assert changed["filter_not_following"] is True
    assert (await ana.get(POLICY))["for_not_following"] == "filter"
    await ana.put(path, filter_not_following=False)
    assert (await ana.get(POLICY))["for_not_following"] == "accept"


async def test_a_token_needs_the_scope(node: RunningNode) -> None:
    reader = await node.person("reader", scopes="read:notifications")
    assert (await reader.ask("GET", POLICY)).status == 200
    assert (await reader.ask("PUT", POLICY, json={})).status == 403
    writer = await node.person("writer", scopes="write:notifications")
    assert (await writer.ask("PUT", POLICY, json={})).status == 200
    for path in (POLICY, REQUESTS):
        assert (await writer.ask("GET", path)).status == 403
