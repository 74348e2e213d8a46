"""What people are told, through the plain and the grouped list."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.support.strict import check, check_all

V1 = "/api/v1/notifications"
V2 = "/api/v2/notifications"


async def everything(ana: Person, bo: Person) -> dict[str, Any]:
    """Bo does all that tells Ana something; her post."""
    posted: dict[str, Any] = await ana.say("Tell me")
    path = f"/api/v1/statuses/{posted['id']}"
    await bo.post(f"{path}/favourite")
    await bo.post(f"{path}/reblog")
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    await bo.say("@ana hello")
    return posted


@pytest.mark.operation("GET /api/v1/notifications")
async def test_each_reason_is_told_once_with_its_post(ana: Person, bo: Person) -> None:
    posted = await everything(ana, bo)
    found = check_all("notification", await ana.get(V1))
    assert [line["type"] for line in found] == ["mention", "follow", "reblog", "favourite"]
    assert {line["account"]["acct"] for line in found} == {"bo"}
    assert "hello" in found[0]["status"]["content"]
    assert "status" not in found[1]
    assert found[2]["status"]["id"] == found[3]["status"]["id"] == posted["id"]
    numbers = [int(line["id"]) for line in found]
    assert numbers == sorted(numbers, reverse=True)
    assert max(numbers) < 2**53
    assert await bo.get(V1) == []


async def test_an_app_is_told_who_reads_a_first_post_once(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    async with running_node(url, folder_beside(url) / "hq", public_means="public") as node:
        ana = await node.person("ana", told=False)
        posted = await ana.say("Hello world")
        [line] = check_all("notification", await ana.get(V1))
        assert line["account"]["acct"] == "tertulia"
        assert "Anyone on the internet can read" in line["status"]["content"]
        assert posted["url"].removeprefix("http://") in line["status"]["content"]
        await ana.say("Hello again")
        assert len(await ana.get(V1)) == 1


async def test_a_request_to_follow_is_told(ana: Person, bo: Person) -> None:
    await ana.ask("PATCH", "/api/v1/accounts/update_credentials", data={"locked": "true"})
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    assert [line["type"] for line in await ana.get(V1)] == ["follow_request"]


async def test_kinds_and_people_can_be_chosen(node: RunningNode, ana: Person, bo: Person) -> None:
    await everything(ana, bo)
    cy = await node.person("cy")
    await cy.say("@ana me too")

    async def kinds(*params: tuple[str, str]) -> list[str]:
        answer = await ana.ask("GET", V1, params=list(params))
        return [line["type"] for line in answer.json]

    assert await kinds(("types[]", "follow"), ("types[]", "mention")) == [
        *("mention", "mention", "follow"),
    ]
    assert await kinds(("exclude_types[]", "mention")) == ["follow", "reblog", "favourite"]
    assert await kinds(("types[]", "never.heard")) == []
    assert await kinds(("account_id", str(cy.id))) == ["mention"]
    assert await kinds(("account_id", "nobody")) == []
    counted = await ana.ask("GET", f"{V1}/unread_count", params={"types[]": "mention"})
    assert counted.json == {"count": 2}


async def test_pages_go_by_link(ana: Person, bo: Person) -> None:
    await everything(ana, bo)
    first = await ana.ask("GET", V1, params={"limit": "3"})
    assert len(first.json) == 3
    older = first.headers["Link"].split(">")[0].removeprefix("<")
    rest = await ana.ask("GET", older)
    assert [line["type"] for line in rest.json] == ["favourite"]


async def test_groups_hold_everything_they_name(ana: Person, bo: Person) -> None:
    await everything(ana, bo)
    found = check("grouped_notifications", await ana.get(V2))
    assert [group["type"] for group in found["notification_groups"]] == [
        *("mention", "follow", "reblog", "favourite"),
    ]
    accounts = {account["id"] for account in found["accounts"]}
    posts = {post["id"] for post in found["statuses"]}
    for group in found["notification_groups"]:
        assert set(group["sample_account_ids"]) <= accounts
        assert group["status_id"] is None or group["status_id"] in posts
    assert (len(accounts), len(posts)) == (1, 2)
    plain = await ana.get(V1)
    assert [line["group_key"] for line in plain] == [
        group["group_key"] for group in found["notification_groups"]
    ]
    key = plain[0]["group_key"]
    one = check("grouped_notifications", await ana.get(f"{V2}/{key}"))
    assert len(one["notification_groups"]) == 1
    people = check_all("account", await ana.get(f"{V2}/{key}/accounts"))
    assert [account["acct"] for account in people] == ["bo"]
    assert (await ana.post(f"{V2}/{key}/dismiss")) == {}
    assert (await ana.ask("GET", f"{V2}/{key}")).status == 404


@pytest.mark.operation("GET /api/v1/notifications/:id", "POST /api/v1/notifications/:id/dismiss")
async def test_one_can_be_read_and_dismissed_by_its_owner_alone(ana: Person, bo: Person) -> None:
    await everything(ana, bo)
    line = (await ana.get(V1))[0]
    path = f"{V1}/{line['id']}"
    assert check("notification", await ana.get(path)) == line
    assert (await bo.ask("GET", path)).status == 404
    assert (await bo.ask("POST", f"{path}/dismiss")).status == 404
    other_app = await ana.second_app()
    assert await other_app.get(path) == line
    assert await ana.post(f"{path}/dismiss") == {}
    assert (await other_app.ask("GET", path)).status == 404
    assert line["id"] not in {one["id"] for one in await other_app.get(V1)}
    assert (await ana.ask("POST", f"{path}/dismiss")).status == 404


@pytest.mark.operation("POST /api/v1/notifications/clear", "GET /api/v1/notifications/unread_count")
async def test_all_can_be_cleared_and_counted(ana: Person, bo: Person) -> None:
    await everything(ana, bo)
    for version in (V1, V2):
        assert await ana.get(f"{version}/unread_count") == {"count": 4}
        assert await ana.get(f"{version}/unread_count", limit="2") == {"count": 2}
    other_app = await ana.second_app()
    assert await ana.post(f"{V1}/clear") == {}
    assert await other_app.get(V1) == []
    assert await other_app.get(f"{V1}/unread_count") == {"count": 0}


async def test_G38_what_may_no_longer_be_read_is_no_longer_told(ana: Person, bo: Person) -> None:
    posted = await bo.say("@ana soon gone")
    assert len(await ana.get(V1)) == 1
    await bo.delete(f"/api/v1/statuses/{posted['id']}")
    assert await ana.get(V1) == []
    assert await ana.get(f"{V1}/unread_count") == {"count": 0}


async def test_a_like_taken_back_is_no_longer_told(ana: Person, bo: Person) -> None:
    posted = await ana.say("Like me not")
    await bo.post(f"/api/v1/statuses/{posted['id']}/favourite")
    await bo.post(f"/api/v1/statuses/{posted['id']}/unfavourite")
    assert await ana.get(V1) == []
