"""People through the client API: profiles, following, requests, finding them."""

from typing import Any

import pytest
from aiohttp import FormData

from tests.support.nodes import Person, RunningNode
from tests.support.strict import check, check_all

UPDATE = "/api/v1/accounts/update_credentials"


async def test_ones_own_account_is_complete(ana: Person) -> None:
    found = check("credential_account", await ana.get("/api/v1/accounts/verify_credentials"))
    assert (found["id"], found["acct"]) == (str(ana.id), "ana")
    assert found["role"]["name"] == ""


@pytest.mark.operation("GET /api/v1/accounts/:id")
async def test_a_changed_profile_is_seen_by_others(ana: Person, bo: Person) -> None:
    changed = check(
        "credential_account",
        (
            await ana.ask(
                "PATCH",
                UPDATE,
                json={
                    "display_name": "Ana Ångström",
                    "note": "I learn <b>aloud</b>",
                    "locked": True,
                    "discoverable": False,
                    "fields_attributes": [{"name": "Job", "value": "https://example.org/"}],
                    "source": {"privacy": "private", "sensitive": True, "language": "de"},
                },
            )
        ).json,
    )
    assert changed["source"]["note"] == "I learn <b>aloud</b>"
    assert changed["source"]["fields"][0]["name"] == "Job"
    assert changed["source"]["privacy"] == "private"
    seen = check("account", await bo.get(f"/api/v1/accounts/{ana.id}"))
    assert seen["display_name"] == "Ana Ångström"
    assert seen["locked"]
    assert "&lt;b&gt;aloud" in seen["note"]
    assert "https://example.org/" in seen["fields"][0]["value"]
    own = check("preferences", await ana.get("/api/v1/preferences"))
    assert own["posting:default:visibility"] == "private"
    assert own["posting:default:language"] == "de"


async def test_profiles_change_by_put_multipart_and_numbered_fields(ana: Person) -> None:
    form = FormData(default_to_multipart=True)
    for name, value in (
        ("display_name", "Multi"),
        ("fields_attributes[1][name]", "two"),
        ("fields_attributes[0][name]", "one"),
        ("fields_attributes[0][value]", "1"),
    ):
        form.add_field(name, value)
    changed = (await ana.ask("PUT", UPDATE, data=form)).json
    assert changed["display_name"] == "Multi"
    assert [field["name"] for field in changed["fields"]] == ["one", "two"]


async def test_what_is_not_sent_stays(ana: Person) -> None:
    await ana.ask("PATCH", UPDATE, data={"note": "Stays", "display_name": "Stays"})
    changed = (await ana.ask("PATCH", UPDATE, data={"display_name": "New"})).json
    assert (changed["display_name"], changed["source"]["note"]) == ("New", "Stays")
    emptied = (await ana.ask("PATCH", UPDATE, data={"note": ""})).json
    assert (emptied["display_name"], emptied["source"]["note"]) == ("New", "")


async def test_Z04_nobody_promotes_themselves(ana: Person) -> None:
    sent = {
        "type": "Service",
        "role": "4",
        "is_admin": True,
        "state": "1",
        "id": "1",
        "group": True,
    }
    changed = (await ana.ask("PATCH", UPDATE, json=sent)).json
    assert changed["role"]["permissions"] == "0"
    assert (changed["id"], changed["bot"], changed["group"]) == (str(ana.id), False, False)


@pytest.mark.parametrize(
    "sent",
    [
        {"display_name": "x" * 200},
        {"note": "x" * 5000},
        {"fields_attributes": [{"name": str(n), "value": "x"} for n in range(9)]},
        {"source": {"privacy": "world"}},
        {"display_name": {"a": 1}},
    ],
)
async def test_profiles_that_cannot_be_are_refused(ana: Person, sent: dict[str, Any]) -> None:
    answer = await ana.ask("PATCH", UPDATE, json=sent)
    assert answer.status == 422
    check("error", answer.json)
    assert (await ana.get("/api/v1/accounts/verify_credentials"))["display_name"] == "ana"


async def test_pictures_are_refused_with_a_reason(ana: Person) -> None:
    form = FormData()
    form.add_field("display_name", "Pretty")
    form.add_field("avatar", b"\x89PNG", filename="a.png")
    answer = await ana.ask("PATCH", UPDATE, data=form)
    assert answer.status == 422
    assert "Pictures" in answer.json["error"]


@pytest.mark.operation("GET /api/v1/accounts/:id/followers", "GET /api/v1/accounts/:id/following")
async def test_following_is_seen_from_both_sides(ana: Person, bo: Person) -> None:
    path = f"/api/v1/accounts/{bo.id}"
    for _ in range(2):  # twice is once
        standing = check("relationship", await ana.post(f"{path}/follow"))
        assert (standing["following"], standing["requested"]) == (True, False)
    back = await bo.get("/api/v1/accounts/relationships", **{"id[]": str(ana.id)})
    assert check_all("relationship", back)[0]["followed_by"]
    followers = check_all("account", await ana.get(f"{path}/followers"))
    assert [account["acct"] for account in followers] == ["ana"]
    following = check_all("account", await bo.get(f"/api/v1/accounts/{ana.id}/following"))
    assert [account["acct"] for account in following] == ["bo"]
    assert (await ana.get(path))["followers_count"] == 1
    ended = check("relationship", await ana.post(f"{path}/unfollow"))
    assert not ended["following"]
    assert await ana.get(f"{path}/followers") == []


@pytest.mark.operation("GET /api/v1/accounts")
async def test_several_people_are_shown_at_once_as_they_are_now(ana: Person, bo: Person) -> None:
    await bo.ask("PATCH", UPDATE, data={"display_name": "Bo the second"})
    ids = [("id[]", str(bo.id)), ("id[]", "4711"), ("id[]", str(ana.id))]
    found = check_all("account", (await ana.ask("GET", "/api/v1/accounts", params=ids)).json)
    assert [one["display_name"] for one in found] == ["Bo the second", "ana"]


async def test_wishes_about_shares_and_notices_are_kept(ana: Person, bo: Person) -> None:
    path = f"/api/v1/accounts/{bo.id}/follow"
    assert (await ana.post(path))["showing_reblogs"]
    changed = await ana.post(path, reblogs=False, notify=True)
    assert (changed["showing_reblogs"], changed["notifying"]) == (False, True)


@pytest.mark.parametrize("answer", ["authorize", "reject"])
async def test_requests_are_listed_and_answered(ana: Person, bo: Person, answer: str) -> None:
    await bo.ask("PATCH", UPDATE, data={"locked": "true"})
    asked = await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    assert (asked["following"], asked["requested"]) == (False, True)
    waiting = check_all("account", await bo.get("/api/v1/follow_requests"))
    assert [account["acct"] for account in waiting] == ["ana"]
    own = await bo.get("/api/v1/accounts/verify_credentials")
    assert own["source"]["follow_requests_count"] == 1
    standing = check("relationship", await bo.post(f"/api/v1/follow_requests/{ana.id}/{answer}"))
    assert standing["followed_by"] is (answer == "authorize")
    assert await bo.get("/api/v1/follow_requests") == []
    seen = await ana.get("/api/v1/accounts/relationships", id=str(bo.id))
    assert seen[0]["following"] is (answer == "authorize")
    again = await bo.ask("POST", f"/api/v1/follow_requests/{ana.id}/reject")
    assert again.status == (200 if answer == "authorize" else 404)


async def test_a_follower_can_be_removed(ana: Person, bo: Person) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    removed = await bo.post(f"/api/v1/accounts/{ana.id}/remove_from_followers")
    assert not removed["followed_by"]
    assert not (await ana.get("/api/v1/accounts/relationships", id=str(bo.id)))[0]["following"]


async def test_nobody_follows_themselves_or_nobody(ana: Person) -> None:
    assert (await ana.ask("POST", f"/api/v1/accounts/{ana.id}/follow")).status == 403
    assert (await ana.ask("POST", "/api/v1/accounts/4711/follow")).status == 404
    assert (await ana.ask("POST", "/api/v1/accounts/abc/follow")).status == 404


async def test_followers_page_by_link_alone(node: RunningNode, ana: Person) -> None:
    for number in range(3):
        fan = await node.person(f"fan{number}")
        await fan.post(f"/api/v1/accounts/{ana.id}/follow")
    seen: list[str] = []
    path: str | None = f"/api/v1/accounts/{ana.id}/followers?limit=2"
    while path:
        answer = await ana.ask("GET", path)
        seen += [account["acct"] for account in answer.json]
        link = answer.headers.get("Link", "")
        path = link.split('>; rel="next"')[0].removeprefix("<") or None
    assert seen == ["fan2", "fan1", "fan0"]


async def test_relationships_keep_the_order_and_skip_the_unknown(ana: Person, bo: Person) -> None:
    ids = [("id[]", str(bo.id)), ("id[]", "4711"), ("id[]", str(ana.id)), ("id[]", "x")]
    found = (await ana.ask("GET", "/api/v1/accounts/relationships", params=ids)).json
    assert [standing["id"] for standing in found] == [str(bo.id), str(ana.id)]


async def test_lookup_finds_by_handle_without_asking_anybody(ana: Person, bo: Person) -> None:
    for name in ("bo", "@bo", "BO", f"bo@{ana.node.host}"):
        found = check("account", await ana.get("/api/v1/accounts/lookup", acct=name))
        assert found["id"] == str(bo.id)
    for name in ("nobody", "bo@elsewhere.example", "", "@@", "a b"):
        answer = await ana.ask("GET", "/api/v1/accounts/lookup", params={"acct": name})
        assert answer.status == 404


@pytest.mark.operation("GET /api/v1/accounts/search")
async def test_people_are_found_by_the_start_of_their_name(ana: Person, bo: Person) -> None:
    found = check_all("account", await ana.get("/api/v1/accounts/search", q="b"))
    assert [account["acct"] for account in found] == ["bo"]
    assert await ana.get("/api/v1/accounts/search", q="b", following="true") == []
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    other_app = await ana.second_app()
    assert len(await other_app.get("/api/v1/accounts/search", q="b", following="true")) == 1
    assert (await ana.ask("GET", "/api/v1/accounts/search")).status == 400


async def test_G02_G03_G04_guests_and_strangers_find_nobody(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    for path in ("", "/statuses", "/followers", "/following", "/featured_tags"):
        hidden = await gina.ask("GET", f"/api/v1/accounts/{ana.id}{path}")
        missing = await gina.ask("GET", f"/api/v1/accounts/{ana.id + 7}{path}")
        assert (hidden.status, hidden.body) == (missing.status, missing.body) == (404, hidden.body)
        assert (await node.ask("GET", f"/api/v1/accounts/{ana.id}{path}")).status == 404
    assert await gina.get("/api/v1/accounts/search", q="ana") == []
    assert await gina.get("/api/v1/accounts", id=str(ana.id)) == []
    assert await gina.get("/api/v1/accounts/relationships", id=str(ana.id)) == []
    assert (await gina.ask("GET", "/api/v1/accounts/lookup", params={"acct": "ana"})).status == 404
    assert (await gina.ask("POST", f"/api/v1/accounts/{ana.id}/follow")).status == 404


async def test_figures_count_only_what_the_world_may_read(ana: Person, bo: Person) -> None:
    for number in range(3):
        await ana.say(f"For colleagues {number}")
    seen = await bo.get(f"/api/v1/accounts/{ana.id}")
    assert (seen["statuses_count"], seen["last_status_at"]) == (0, None)


@pytest.mark.operation("GET /api/v1/accounts/:id/statuses")
async def test_profiles_list_posts_as_asked(ana: Person, bo: Person) -> None:
    first = await ana.say("Own #Tag")
    other = await bo.say("Another's")
    reply = await ana.say("@bo Answer", in_reply_to_id=other["id"])
    share = await ana.post(f"/api/v1/statuses/{other['id']}/reblog")
    path = f"/api/v1/accounts/{ana.id}/statuses"

    async def listed(**params: str) -> list[str]:
        return [post["id"] for post in check_all("status", await bo.get(path, **params))]

    assert await listed() == [share["id"], reply["id"], first["id"]]
    assert await listed(exclude_replies="true") == [share["id"], first["id"]]
    assert await listed(exclude_reblogs="1") == [reply["id"], first["id"]]
    assert await listed(tagged="TAG") == [first["id"]]
    assert await listed(pinned="true") == []
    assert await listed(only_media="true") == []
