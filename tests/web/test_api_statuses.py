"""Posts through the client API: what one token writes, another sees, or does not."""

from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData

from tests.support.nodes import Person, RunningNode
from tests.support.strict import check, check_all

STATUSES = "/api/v1/statuses"


@pytest.mark.operation("POST /api/v1/statuses", "GET /api/v1/statuses/:id")
async def test_a_post_is_complete_and_seen_by_another_member(ana: Person, bo: Person) -> None:
    posted = check("status", await ana.say("Hello #Lernen, see https://example.org/"))
    assert posted["visibility"] == "public"
    assert posted["account"]["acct"] == "ana"
    assert posted["tags"] == [
        {"name": "lernen", "url": f"{ana.node.origin}/tags/lernen"},
    ]
    seen = check("status", await bo.get(f"{STATUSES}/{posted['id']}"))
    assert seen["content"] == posted["content"]
    assert seen["uri"] == posted["uri"]


async def test_every_form_of_body_posts_the_same(ana: Person) -> None:
    sent = {"status": "Grüße", "spoiler_text": "über Käse", "visibility": "private"}
    multipart = FormData(default_to_multipart=True)
    for name, value in sent.items():
        multipart.add_field(name, value)
    for given in ({"json": sent}, {"data": sent}, {"params": sent}, {"data": multipart}):
        answer = await ana.ask("POST", STATUSES, **given)
        posted = check("status", answer.json)
        assert (posted["spoiler_text"], posted["visibility"]) == ("über Käse", "private")
        assert "Grüße" in posted["content"]
        assert posted["sensitive"]


async def test_unknown_parameters_are_ignored(ana: Person) -> None:
    ignored: list[dict[str, Any]] = [{"content_type": "text/plain"}, {"media_ids": []}]
    for extra in [*ignored, {"poll": None}]:
        assert (await ana.ask("POST", STATUSES, json={"status": "x", **extra})).status == 200


async def test_Z04_nobody_chooses_what_is_not_theirs_to_choose(ana: Person, bo: Person) -> None:
    extra: dict[str, Any] = {
        "id": "1",
        "account_id": str(bo.id),
        "created_at": "2001-01-01",
        "author_id": bo.id,
    }
    posted = await ana.say("Mine", **extra)
    assert posted["id"] != "1"
    assert posted["account"]["id"] == str(ana.id)
    assert not posted["created_at"].startswith("2001")


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"status": "x", "media_ids": ["1"]}, "files"),
        ({"status": "x", "poll": {"options": ["a", "b"], "expires_in": 60}}, "five minutes"),
        ({"status": "x", "scheduled_at": "someday"}, "scheduled_at"),
        ({"status": "x", "quote_approval_policy": "friends"}, "nobody"),
        ({"status": "x", "visibility": "world"}, "Visibility"),
        ({"status": "x", "visibility": "limited"}, "Visibility"),
        ({"status": "   "}, "blank"),
        ({}, "blank"),
        ({"status": "x" * 5001}, "limit"),
        ({"status": ["x"]}, "text"),
    ],
)
async def test_what_cannot_be_is_refused_with_a_reason_and_stores_nothing(
    ana: Person, sent: dict[str, Any], word: str
) -> None:
    answer = await ana.ask("POST", STATUSES, json=sent)
    assert answer.status == 422
    assert word.lower() in check("error", answer.json)["error"].lower()
    assert await ana.get(f"/api/v1/accounts/{ana.id}/statuses") == []


async def test_visibility_comes_from_the_account_unless_said(ana: Person) -> None:
    await ana.ask(
        "PATCH", "/api/v1/accounts/update_credentials", data={"source[privacy]": "direct"}
    )
    assert (await ana.say("Quietly"))["visibility"] == "direct"
    assert (await ana.say("Loudly", visibility="public"))["visibility"] == "public"


async def test_local_only_posts_say_so(ana: Person, bo: Person) -> None:
    posted = await ana.say("Here alone", local_only=True)
    assert posted["local_only"]
    assert posted["visibility"] == "public"
    assert (await bo.get(f"{STATUSES}/{posted['id']}"))["local_only"]
    assert not (await ana.say("Further"))["local_only"]


async def test_the_same_key_posts_once(ana: Person, bo: Person) -> None:
    headers = {"Idempotency-Key": "one"}
    posted = [
        (await ana.ask("POST", STATUSES, json={"status": text}, headers=headers)).json["id"]
        for text in ("Once", "Twice")
    ]
    assert posted[0] == posted[1]
    others = await bo.ask("POST", STATUSES, json={"status": "Mine"}, headers=headers)
    assert others.json["id"] != posted[0]


@pytest.mark.operation("GET /api/v1/statuses/:id/context")
async def test_a_thread_is_seen_from_every_post(ana: Person, bo: Person) -> None:
    root = await ana.say("First")
    reply = await bo.say("@ana Second", in_reply_to_id=root["id"])
    last = await ana.say("@bo Third", in_reply_to_id=reply["id"])
    assert reply["in_reply_to_id"] == root["id"]
    assert reply["in_reply_to_account_id"] == str(ana.id)
    assert [person["acct"] for person in reply["mentions"]] == ["ana"]
    found = check("context", await ana.get(f"{STATUSES}/{reply['id']}/context"))
    assert [post["id"] for post in found["ancestors"]] == [root["id"]]
    assert [post["id"] for post in found["descendants"]] == [last["id"]]
    assert (await bo.get(f"{STATUSES}/{root['id']}"))["replies_count"] == 1


@pytest.mark.parametrize("parent", ["1", "99999999999999999999", "abc"])
async def test_an_answer_to_nothing_is_404_and_stores_nothing(ana: Person, parent: str) -> None:
    answer = await ana.ask("POST", STATUSES, json={"status": "x", "in_reply_to_id": parent})
    assert (answer.status, answer.json) == (404, {"error": "Record not found"})
    assert await ana.get(f"/api/v1/accounts/{ana.id}/statuses") == []


async def test_direct_posts_reach_whom_they_name_and_nobody_else(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    posted = await ana.say("@bo psst", visibility="direct")
    assert (await bo.get(f"{STATUSES}/{posted['id']}"))["visibility"] == "direct"
    for outsider in (cy.ask, node.ask):
        assert (await outsider("GET", f"{STATUSES}/{posted['id']}")).status == 404


async def test_strangers_and_guests_see_nothing_of_the_main_network(
    node: RunningNode, ana: Person, gina: Person
) -> None:
    posted = await ana.say("For colleagues")
    for outsider in (gina.ask, node.ask):
        for path in ("", "/context", "/history", "/favourited_by", "/reblogged_by"):
            assert (await outsider("GET", f"{STATUSES}/{posted['id']}{path}")).status == 404
        assert (await outsider("GET", f"{STATUSES}?id[]={posted['id']}")).json == []
    assert (await gina.ask("POST", f"{STATUSES}/{posted['id']}/favourite")).status == 404


@pytest.mark.operation("GET /api/v1/statuses")
async def test_Z07_many_at_once_are_only_those_one_may_read(ana: Person, bo: Person) -> None:
    first, second = await ana.say("One"), await ana.say("Two")
    hidden = await ana.say("Three", visibility="direct")
    ids = [second["id"], hidden["id"], "4711", "nonsense", first["id"]]
    found = check_all(
        "status", (await bo.ask("GET", STATUSES, params=[("id[]", i) for i in ids])).json
    )
    assert [post["id"] for post in found] == [second["id"], first["id"]]


@pytest.mark.operation("PUT /api/v1/statuses/:id", "GET /api/v1/statuses/:id/history")
async def test_an_edit_is_seen_with_its_history(ana: Person, bo: Person) -> None:
    posted = await ana.say("Befor", spoiler_text="draft")
    path = f"{STATUSES}/{posted['id']}"
    edited = check("status", await ana.put(path, status="After", spoiler_text=""))
    assert "After" in edited["content"]
    assert edited["edited_at"] is not None
    assert edited["visibility"] == posted["visibility"]
    assert "After" in (await bo.get(path))["content"]
    history = check_all("edit", await bo.get(f"{path}/history"))
    assert ["Befor" in history[0]["content"], "After" in history[1]["content"]] == [True, True]
    assert [version["spoiler_text"] for version in history] == ["draft", ""]
    patched = await ana.ask("PATCH", path, data={"status": "Again"})
    assert "Again" in patched.json["content"]


async def test_a_late_follower_sees_what_was_said_since_then(ana: Person, bo: Person) -> None:
    made = await ana.say("my salary is", visibility="private")
    path = f"/api/v1/statuses/{made['id']}"
    await ana.put(path, status="what was current")
    await bo.post(f"/api/v1/accounts/{ana.id}/follow")
    await ana.put(path, status="what it says now")
    shown = check_all("edit", await bo.get(f"{path}/history"))
    assert [one["content"] for one in shown] == [
        "<p>what was current</p>",
        "<p>what it says now</p>",
    ]
    assert len(await ana.get(f"{path}/history")) == 3


async def test_edits_and_deletions_are_for_authors(ana: Person, bo: Person) -> None:
    posted = await ana.say("Mine")
    path = f"{STATUSES}/{posted['id']}"
    assert (await bo.ask("PUT", path, json={"status": "Yours"})).status in {403, 404}
    assert (await bo.ask("DELETE", path)).status in {403, 404}
    assert (await bo.ask("GET", f"{path}/source")).status == 404
    assert "Mine" in (await ana.get(path))["content"]
    assert (await ana.ask("PUT", path, json={})).status == 400


@pytest.mark.operation("GET /api/v1/statuses/:id/source")
async def test_the_author_gets_the_source(ana: Person) -> None:
    posted = await ana.say("Hello @nobody & <you>", spoiler_text="w")
    other_app, path = await ana.second_app(), f"{STATUSES}/{posted['id']}"
    found = check("source", await other_app.get(f"{path}/source"))
    assert (found["text"], found["spoiler_text"]) == ("Hello @nobody & <you>", "w")
    await ana.put(path, status="Hello & *you*", spoiler_text="")
    changed = check("source", await other_app.get(f"{path}/source"))
    assert (changed["text"], changed["spoiler_text"]) == ("Hello & *you*", "")


@pytest.mark.operation("DELETE /api/v1/statuses/:id")
async def test_deleting_gives_the_text_back_and_ends_the_post(ana: Person, bo: Person) -> None:
    posted = await ana.say("Write me again")
    path = f"{STATUSES}/{posted['id']}"
    was = check("deleted_status", await ana.delete(path))
    assert was["text"] == "Write me again"
    for person in (ana, bo):
        assert (await person.ask("GET", path)).status == 404
    assert (await ana.ask("DELETE", path)).status == 404


@pytest.mark.operation(
    "POST /api/v1/statuses/:id/favourite",
    "POST /api/v1/statuses/:id/unfavourite",
    "GET /api/v1/statuses/:id/favourited_by",
    "GET /api/v1/favourites",
)
async def test_liking_is_counted_listed_and_taken_back(ana: Person, bo: Person) -> None:
    posted = await ana.say("Like me")
    path = f"{STATUSES}/{posted['id']}"
    for _ in range(2):  # twice is once
        liked = check("status", await bo.post(f"{path}/favourite"))
        assert (liked["favourited"], liked["favourites_count"]) == (True, 1)
    seen = await ana.get(path)
    assert (seen["favourited"], seen["favourites_count"]) == (False, 1)
    who = check_all("account", await ana.get(f"{path}/favourited_by"))
    assert [account["acct"] for account in who] == ["bo"]
    assert [post["id"] for post in await bo.get("/api/v1/favourites")] == [posted["id"]]
    undone = await bo.post(f"{path}/unfavourite")
    assert (undone["favourited"], undone["favourites_count"]) == (False, 0)
    assert await bo.get("/api/v1/favourites") == []
    assert (await ana.get(path))["favourites_count"] == 0
    assert await ana.get(f"{path}/favourited_by") == []


@pytest.mark.operation(
    "POST /api/v1/statuses/:id/reblog",
    "POST /api/v1/statuses/:id/unreblog",
    "GET /api/v1/statuses/:id/reblogged_by",
)
async def test_sharing_wraps_the_post_and_unsharing_gives_it_back(ana: Person, bo: Person) -> None:
    posted = await ana.say("Share me")
    path = f"{STATUSES}/{posted['id']}"
    wrapper = check("status", await bo.post(f"{path}/reblog"))
    assert wrapper["id"] != posted["id"]
    assert wrapper["reblog"]["id"] == posted["id"]
    assert wrapper["account"]["acct"] == "bo"
    assert wrapper["reblogged"]
    assert wrapper["reblog"]["reblogged"]
    assert wrapper["reblog"]["reblogs_count"] == 1
    who = check_all("account", await ana.get(f"{path}/reblogged_by"))
    assert [account["acct"] for account in who] == ["bo"]
    # What is done to the wrapper is done to what it holds.
    assert (await ana.post(f"{STATUSES}/{wrapper['id']}/favourite"))["id"] == posted["id"]
    undone = check("status", await bo.post(f"{path}/unreblog"))
    assert (undone["id"], undone["reblogged"], undone["reblogs_count"]) == (posted["id"], False, 0)
    assert (await ana.get(path))["reblogs_count"] == 0
    assert await ana.get(f"{path}/reblogged_by") == []
    assert (await ana.ask("GET", f"{STATUSES}/{wrapper['id']}")).status == 404


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_posts_for_few_are_shared_by_nobody_not_even_their_author(
    ana: Person, visibility: str
) -> None:
    posted = await ana.say("For few", visibility=visibility)
    answer = await ana.ask("POST", f"{STATUSES}/{posted['id']}/reblog")
    assert answer.status == 403
    check("error", answer.json)


async def test_uploads_beside_a_text_do_not_lose_the_text_without_a_word(ana: Person) -> None:
    form = FormData()
    form.add_field("status", "With a picture")
    form.add_field("media_ids[]", "12")
    form.add_field("file", BytesIO(b"x"), filename="a.png")
    answer = await ana.ask("POST", STATUSES, data=form)
    assert answer.status == 422
    assert "files" in answer.json["error"]


async def test_an_edit_may_change_the_language_or_the_cover_of_files_alone(ana: Person) -> None:
    status = await ana.say("hello")
    path = f"/api/v1/statuses/{status['id']}"
    assert (await ana.put(path, sensitive=True))["sensitive"] is True
    changed = await ana.put(path, language="de")
    assert (changed["language"], changed["sensitive"]) == ("de", True)
    assert changed["content"] == status["content"]
    assert (await ana.ask("PUT", path, json={"visibility": "direct"})).status == 400
