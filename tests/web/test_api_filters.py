"""Filters through the client API: edited by one client, obeyed in what another is shown."""

from typing import Any

import orjson
import pytest

from domain.kinds import Role
from social.filters import LONGEST_KEYWORD, LONGEST_TITLE
from tests.support.nodes import Json, Person, RunningNode
from tests.web.gathering import found_club
from tests.web.test_streaming import USER, frame, quiet, socket

V1 = "/api/v1/filters"
V2 = "/api/v2/filters"
PUBLIC = "/api/v1/timelines/public"


async def make(person: Person, *words: str, **more: Any) -> Json:
    said = {"title": "Spoilers", "context": ["home", "public"], "filter_action": "warn"}
    rows = [{"keyword": word, "whole_word": True} for word in words]
    return await person.post(V2, **(said | {"keywords_attributes": rows} | more))


def matched(post: Json) -> list[tuple[str, list[str], list[str]]]:
    """Why a post is filtered: title, words, posts."""
    return [
        (each["filter"]["title"], each["keyword_matches"], each["status_matches"])
        for each in post["filtered"]
    ]


SPOILT: list[tuple[str, list[str], list[str]]] = [("Spoilers", ["dragon"], [])]


@pytest.mark.operation(
    "GET /api/v2/filters",
    "POST /api/v2/filters",
    "GET /api/v2/filters/:id",
    "PUT /api/v2/filters/:id",
    "DELETE /api/v2/filters/:id",
)
async def test_Z02_its_owner_makes_changes_and_deletes_a_filter(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    made = await make(ana, "dragon", "sword", expires_in=3600)
    assert made == await other_app.get(f"{V2}/{made['id']}")
    assert await other_app.get(V2) == [made]
    assert [word["keyword"] for word in made["keywords"]] == ["dragon", "sword"]
    assert (made["context"], made["filter_action"]) == (["home", "public"], "warn")
    assert (made["expires_at"] is not None, made["statuses"]) == (True, [])
    assert await bo.get(V2) == []
    for method in ("GET", "PUT", "DELETE"):
        theirs = await bo.ask(method, f"{V2}/{made['id']}", json={"title": "Mine"})
        nothing = await bo.ask(method, f"{V2}/12345", json={"title": "Mine"})
        assert (theirs.status, theirs.body) == (404, nothing.body)
    first, second = (word["id"] for word in made["keywords"])
    changed = await ana.put(
        f"{V2}/{made['id']}",
        context=["thread"],
        filter_action="hide",
        expires_in=None,
        keywords_attributes=[
            {"id": first, "_destroy": True},
            {"id": second, "keyword": "swords"},
            {"keyword": "spear", "whole_word": False},
        ],
    )
    assert changed == await other_app.get(f"{V2}/{made['id']}")
    assert (changed["title"], changed["context"]) == ("Spoilers", ["thread"])
    assert (changed["filter_action"], changed["expires_at"]) == ("hide", None)
    words = [(word["keyword"], word["whole_word"]) for word in changed["keywords"]]
    assert words == [("swords", True), ("spear", False)]
    assert (await ana.put(f"{V2}/{made['id']}", title="Other"))["keywords"] == changed["keywords"]
    assert await ana.delete(f"{V2}/{made['id']}") == {}
    assert await other_app.get(V2) == []


@pytest.mark.operation(
    "GET /api/v2/filters/:id/keywords",
    "POST /api/v2/filters/:id/keywords",
    "GET /api/v2/filters/keywords/:id",
    "PUT /api/v2/filters/keywords/:id",
    "DELETE /api/v2/filters/keywords/:id",
    "GET /api/v2/filters/:id/statuses",
    "POST /api/v2/filters/:id/statuses",
    "GET /api/v2/filters/statuses/:id",
    "DELETE /api/v2/filters/statuses/:id",
)
async def test_keywords_and_posts_are_edited_one_by_one(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    own, post = await make(ana), await bo.say("A dragon")
    path, line = f"{V2}/{own['id']}", f"/api/v1/statuses/{post['id']}"
    word = await ana.post(f"{path}/keywords", keyword="dragons")
    assert (word["keyword"], word["whole_word"]) == ("dragons", True)
    assert await other_app.get(f"{path}/keywords") == [word]
    assert matched(await other_app.get(line)) == []
    await ana.put(f"{V2}/keywords/{word['id']}", keyword="drag", whole_word=False)
    assert matched(await other_app.get(line)) == [("Spoilers", ["drag"], [])]
    [changed] = await other_app.get(f"{path}/keywords")
    assert changed == await other_app.get(f"{V2}/keywords/{word['id']}")
    assert (changed["keyword"], changed["whole_word"]) == ("drag", False)
    named = await ana.post(f"{path}/statuses", status_id=post["id"])
    assert named["status_id"] == post["id"]
    assert await ana.post(f"{path}/statuses", status_id=post["id"]) == named  # again: the same
    assert await other_app.get(f"{path}/statuses") == [named]
    assert await other_app.get(f"{V2}/statuses/{named['id']}") == named
    assert matched(await other_app.get(line)) == [("Spoilers", ["drag"], [post["id"]])]
    for each in (f"{V2}/keywords/{word['id']}", f"{V2}/statuses/{named['id']}", f"{path}/keywords"):
        assert (await bo.ask("GET", each)).status == 404
    for each in (f"{V2}/keywords/{word['id']}", f"{V2}/statuses/{named['id']}"):
        assert (await bo.ask("DELETE", each)).status == 404
        await ana.delete(each)
        assert (await other_app.ask("GET", each)).status == 404
    assert matched(await other_app.get(line)) == []


@pytest.mark.operation(
    "GET /api/v1/filters",
    "POST /api/v1/filters",
    "GET /api/v1/filters/:id",
    "PUT /api/v1/filters/:id",
    "DELETE /api/v1/filters/:id",
)
async def test_the_older_form_is_a_view_of_the_same_filters(ana: Person, bo: Person) -> None:
    other_app = await ana.second_app()
    post = await bo.say("A dragonfly")
    made = await ana.post(V1, phrase="dragon", context=["home"], irreversible=True)
    assert (made["phrase"], made["whole_word"], made["irreversible"]) == ("dragon", False, True)
    [whole] = await other_app.get(V2)
    assert (whole["title"], whole["filter_action"]) == ("dragon", "hide")
    line = f"/api/v1/statuses/{post['id']}"
    assert matched(await other_app.get(line)) == [("dragon", ["dragon"], [])]
    path = f"{V1}/{made['id']}"
    await ana.put(path, phrase="dragons", context=["public"], whole_word=True, irreversible=False)
    [older] = await other_app.get(V1)
    assert older == await other_app.get(path)
    assert (older["phrase"], older["irreversible"]) == ("dragons", False)
    [whole] = await other_app.get(V2)
    assert (whole["title"], whole["context"]) == ("dragons", ["public"])
    assert whole["filter_action"] == "warn"
    assert matched(await other_app.get(line)) == []
    assert (await bo.ask("GET", path)).status == (await bo.ask("DELETE", path)).status == 404
    # What an older client cannot show it does not change for the other keywords.
    await ana.post(f"{V2}/{whole['id']}/keywords", keyword="sword")
    refused = await ana.ask("PUT", path, json={"phrase": "dragons", "context": ["home"]})
    assert (refused.status, "several keywords" in refused.text) == (422, True)
    assert (await ana.put(path, phrase="wyrm", context=["public"]))["phrase"] == "wyrm"
    for each in await ana.get(V1):
        await ana.delete(f"{V1}/{each['id']}")
    assert await other_app.get(V1) == await other_app.get(V2) == []


async def test_filters_are_evaluated_wherever_posts_are_shown(ana: Person, bo: Person) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.home()
    await make(ana, "dragon")
    said = await bo.say("@ana There is a DRAGON")
    shared = await bo.post(f"/api/v1/statuses/{said['id']}/reblog")
    quoting = await bo.say("Look", quoted_status_id=said["id"])
    below = await bo.say("@ana the dragon again", in_reply_to_id=said["id"])
    asked = await bo.say("Which?", poll={"options": ["dragon", "sword"], "expires_in": 3600})
    for _ in range(2):  # rendered, then kept
        lines = {post["id"]: post for post in await ana.home()}
        for one in (said, shared, below, asked):
            assert matched(lines[one["id"]]) == SPOILT
        assert matched(lines[shared["id"]]["reblog"]) == SPOILT
        assert matched(lines[quoting["id"]]) == []
        assert matched(lines[quoting["id"]]["quote"]["quoted_status"]) == SPOILT
        theirs = await bo.get(PUBLIC)
        assert all(post["filtered"] == [] for post in theirs)
    for path in (PUBLIC, f"/api/v1/accounts/{bo.id}/statuses"):
        lines = {post["id"]: post for post in await ana.get(path)}
        assert matched(lines[said["id"]]) == SPOILT
    thread = await ana.get(f"/api/v1/statuses/{said['id']}/context")
    assert [matched(post) for post in thread["descendants"]] == [SPOILT]
    told = await ana.notifications()
    assert {note["type"] for note in told} == {"mention"}
    assert all(matched(note["status"]) == SPOILT for note in told)
    found = await ana.get("/api/v2/search", q="dragon", type="statuses")
    assert all(matched(post) == SPOILT for post in found["statuses"])
    # An edit is looked through anew, and a picture of who reads it is nobody else's.
    await bo.put(f"/api/v1/statuses/{said['id']}", status="@ana There is none")
    assert matched({post["id"]: post for post in await ana.home()}[said["id"]]) == []


async def test_G34_own_clients_hear_of_changed_filters_and_events_say_what_matches(
    ana: Person, bo: Person
) -> None:
    await ana.post(f"/api/v1/accounts/{bo.id}/follow")
    await ana.home()
    async with socket(ana, USER) as live, socket(bo, USER) as other:
        made = await make(ana, "dragon")
        changed = await frame(live)
        assert (changed["event"], changed["payload"]) == ("filters_changed", "")
        await bo.say("A dragon")
        update = await frame(live)
        assert matched(orjson.loads(update["payload"])) == SPOILT
        await bo.say("@ana dragon")
        events = [await frame(live), await frame(live)]
        [note] = [orjson.loads(e["payload"]) for e in events if e["event"] == "notification"]
        assert matched(note["status"]) == SPOILT
        await ana.delete(f"{V2}/{made['id']}")
        assert (await frame(live))["event"] == "filters_changed"
        for _ in range(2):
            theirs = await frame(other)
            assert theirs["event"] == "update"
            assert matched(orjson.loads(theirs["payload"])) == []
        await quiet(other)  # nobody else hears of her filters


WRONG: list[dict[str, Any]] = [
    {"title": " "},
    {"title": "x" * (LONGEST_TITLE + 1)},
    {"context": []},
    {"context": ["everywhere"]},
    {"filter_action": "burn"},
    {"expires_in": -1},
    {"expires_in": 10**15},
    {"expires_in": "soon"},
    {"keywords_attributes": [{"keyword": ""}]},
    {"keywords_attributes": [{"keyword": "x" * (LONGEST_KEYWORD + 1)}]},
]


async def test_what_no_filter_can_be_is_refused_and_says_why(ana: Person) -> None:
    made = await make(ana, "dragon", keywords_attributes={"0": {"keyword": "dragon"}})
    for wrong in WRONG:
        said = {"title": "T", "context": ["home"], **wrong}
        refused = await ana.ask("POST", V2, json=said)
        assert (refused.status, bool(refused.json["error"])) == (422, True), wrong
        assert (await ana.ask("PUT", f"{V2}/{made['id']}", json=wrong)).status == 422, wrong
    assert (await ana.ask("POST", V2, json={"title": "T"})).status == 422
    assert (await ana.ask("POST", V1, json={"context": ["home"]})).status == 422
    assert await ana.get(V2) == [made]
    kept = await make(ana, filter_action="blur")  # Mastodon's third action: nearest is a warning
    assert kept["filter_action"] == "warn"


async def test_a_filter_s_parts_are_its_own(ana: Person, bo: Person) -> None:
    mine, other = await make(ana, "dragon"), await make(ana, "sword")
    theirs = await make(bo, "spear")
    for strange in (other, theirs):
        rows = [{"id": strange["keywords"][0]["id"], "_destroy": True}]
        refused = await ana.ask("PUT", f"{V2}/{mine['id']}", json={"keywords_attributes": rows})
        assert refused.status == 404
    secret = await bo.say("For me", visibility="direct")
    named = await ana.ask("POST", f"{V2}/{mine['id']}/statuses", json={"status_id": secret["id"]})
    nothing = await ana.ask("POST", f"{V2}/{mine['id']}/statuses", json={"status_id": "12345"})
    assert (named.status, named.body) == (404, nothing.body)
    assert (await ana.ask("POST", f"{V2}/{mine['id']}/statuses", json={})).status == 400
    assert await ana.get(V2) == [mine, other]


async def test_G27_a_filter_tells_nothing_of_what_may_not_be_read_any_more(
    ana: Person, bo: Person
) -> None:
    club = await found_club(ana, bo)
    said, own = await ana.say("@club Inside"), await make(bo)
    path = f"{V2}/{own['id']}/statuses"
    named = await bo.post(path, status_id=said["id"])
    assert await bo.get(path) == [named]
    await club.end(bo)
    assert await bo.get(path) == []
    assert (await bo.get(V2))[0]["statuses"] == []
    for method in ("GET", "DELETE"):
        assert (await bo.ask(method, f"{V2}/statuses/{named['id']}")).status == 404


async def test_clients_send_filters_as_forms_too(node: RunningNode, ana: Person) -> None:
    form = [
        ("title", "Form"),
        ("context[]", "home"),
        ("context[]", "notifications"),
        ("filter_action", "hide"),
        ("expires_in", ""),
        ("keywords_attributes[][keyword]", "one"),
        ("keywords_attributes[][whole_word]", "false"),
        ("keywords_attributes[][keyword]", "two"),
    ]
    made = (await ana.ask("POST", V2, data=form)).json
    assert (made["context"], made["expires_at"]) == (["home", "notifications"], None)
    words = [(word["keyword"], word["whole_word"]) for word in made["keywords"]]
    assert words == [("one", False), ("two", True)]
    reader = await node.person("cy", Role.MEMBER, scopes="read write:mutes")
    assert await reader.get(V2) == []
    assert (await reader.ask("POST", V2, data=form)).status == 403
