"""Polls in the client API: made, shown, voted in, edited; every shape as typed clients want it."""

from asyncio import gather
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from storage.tables.polls import polls
from tests.support.nodes import Person, RunningNode
from tests.support.pictures import picture, upload
from tests.support.strict import check
from tests.web.test_pages_markup import SCRIPTS, dangers
from tests.web.visitor import Visitors

STATUSES = "/api/v1/statuses"
POLL: dict[str, Any] = {"options": ["Graphs", "Ethics"], "expires_in": 3600}
_END = update(polls).where(polls.c.post_id == bindparam("key")).values(ends_at=bindparam("at"))


async def ask(person: Person, text: str = "which?", **poll: Any) -> Any:
    return await person.say(text, poll=POLL | poll)


async def voted(person: Person, poll_id: str, *choices: Any) -> Any:
    path = f"/api/v1/polls/{poll_id}/votes"
    return await person.ask("POST", path, json={"choices": list(choices)})


async def test_a_poll_is_made_from_every_kind_of_body(ana: Person) -> None:
    form = {
        "status": "which?",
        "poll[options][]": ["Graphs", "Ethics"],
        "poll[expires_in]": "3600",
        "poll[multiple]": "true",
    }
    pairs = [(name, one) for name, value in form.items() for one in _listed(value)]
    for given in (
        {"json": {"status": "which?", "poll": POLL | {"multiple": True}}},
        {"data": pairs},
    ):
        answer = await ana.ask("POST", STATUSES, **given)
        poll = check("status", answer.json)["poll"]
        assert [one["title"] for one in poll["options"]] == ["Graphs", "Ethics"]
        assert (poll["multiple"], poll["expired"], poll["votes_count"]) == (True, False, 0)
        assert (poll["voted"], poll["own_votes"], poll["voters_count"]) == (True, [], 0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


async def test_limits_are_what_the_instance_says(ana: Person) -> None:
    limits = (await ana.get("/api/v2/instance"))["configuration"]["polls"]
    assert (await ana.get("/api/v1/instance"))["configuration"]["polls"] == limits
    longest = "x" * limits["max_characters_per_option"]
    names = [
        f"{number}{longest}"[: len(longest)] for number in range(10, 10 + limits["max_options"])
    ]
    made = await ask(ana, options=names, expires_in=limits["max_expiration"])
    assert [one["title"] for one in made["poll"]["options"]] == names
    for wrong in (
        {"options": [*names, "one more"]},
        {"options": ["a", f"{longest}x"]},
        {"expires_in": limits["min_expiration"] - 1},
        {"expires_in": limits["max_expiration"] + 1},
        {"options": ["only one"]},
        {"options": ["same", "same"]},
        {"expires_in": None},
    ):
        answer = await ana.ask("POST", STATUSES, json={"status": "x", "poll": POLL | wrong})
        assert answer.status == 422, wrong
        check("error", answer.json)


@pytest.mark.operation("GET /api/v1/polls/:id", "POST /api/v1/polls/:id/votes")
async def test_a_vote_is_shown_to_the_voter_and_its_figure_to_all(
    ana: Person, bo: Person, node: RunningNode
) -> None:
    made = await ask(ana)
    poll_id = made["poll"]["id"]
    answer = await voted(bo, poll_id, "1")  # a string, as some clients send it
    poll = check("poll", answer.json)
    assert (poll["voted"], poll["own_votes"]) == (True, [1])
    assert [one["votes_count"] for one in poll["options"]] == [0, 1]
    seen = check("poll", await ana.get(f"/api/v1/polls/{poll_id}"))
    assert (seen["own_votes"], seen["voters_count"], seen["votes_count"]) == ([], 1, 1)
    cy = await node.person("cy")
    for path in ("/api/v1/timelines/public", f"/api/v1/accounts/{ana.id}/statuses"):
        for _ in range(2):  # rendered anew, and kept
            for person, own in ((bo, [1]), (cy, []), (ana, [])):
                [status] = [one for one in await person.get(path) if one["id"] == made["id"]]
                assert check("status", status)["poll"]["own_votes"] == own
                assert status["poll"]["voted"] is (person is not cy)
    assert (await voted(cy, poll_id, 0)).status == 200
    [status] = await bo.get("/api/v1/timelines/public")
    assert status["poll"]["votes_count"] == 2


@pytest.mark.parametrize(
    ("choices", "word"),
    [
        ([], "choose"),
        ([2], "no such"),
        (["-1"], "no such"),
        (["x"], "no such"),
        ([0, 1], "only one"),
    ],
    ids=["none", "unknown", "negative", "word", "two"],
)
async def test_O12_a_choice_that_cannot_be_is_refused_in_plain_words(
    ana: Person, bo: Person, choices: list[Any], word: str
) -> None:
    made = await ask(ana)
    answer = await voted(bo, made["poll"]["id"], *choices)
    assert answer.status == 422
    assert word in check("error", answer.json)["error"].lower()


async def test_O12_own_again_and_late_are_refused(
    ana: Person, bo: Person, node: RunningNode
) -> None:
    made = await ask(ana)
    poll_id = made["poll"]["id"]
    assert "own poll" in (await voted(ana, poll_id, 0)).json["error"]
    assert (await voted(bo, poll_id, 0)).status == 200
    assert "already voted" in (await voted(bo, poll_id, 1)).json["error"]
    await node.db.write(lambda tx: tx.change(_END, key=int(poll_id), at=tx.now - 1))
    cy = await node.person("cy")
    answer = await voted(cy, poll_id, 0)
    assert (answer.status, "ended" in answer.json["error"]) == (422, True)
    assert (await cy.get(f"/api/v1/polls/{poll_id}"))["expired"] is True


async def test_Z09_many_votes_at_once_are_one(ana: Person, bo: Person) -> None:
    made = await ask(ana, multiple=True)
    answers = await gather(*(voted(bo, made["id"], number % 2) for number in range(50)))
    assert sorted({answer.status for answer in answers}) == [200, 422]
    assert [answer.status for answer in answers].count(200) == 1
    poll = await ana.get(f"/api/v1/polls/{made['id']}")
    assert (poll["votes_count"], poll["voters_count"]) == (1, 1)


async def test_O11_G21_a_poll_is_there_for_its_posts_readers_alone(
    ana: Person, bo: Person, gina: Person, node: RunningNode
) -> None:
    made = await ask(ana)
    plain = await ana.say("no poll")
    letter = await ana.say("just for me", visibility="direct", poll=POLL)
    never = await gina.ask("GET", "/api/v1/polls/1")
    for person, poll_id in ((gina, made["id"]), (bo, plain["id"]), (bo, letter["id"])):
        for answer in (
            await person.ask("GET", f"/api/v1/polls/{poll_id}"),
            await voted(person, poll_id, 0),
        ):
            assert (answer.status, answer.body) == (404, never.body)
    stranger = await node.ask("GET", f"/api/v1/polls/{made['id']}")
    assert stranger.status == 404
    assert (await bo.ask("GET", f"/api/v1/polls/{made['id']}")).status == 200


async def test_a_stranger_sees_the_figures_of_what_is_public_and_nothing_of_voting(
    node: RunningNode, ana: Person, at_ana: Any
) -> None:
    home = await at_ana.get("/")
    typed = {"text": "for the world?", "readers": "world", "sure": "1", "answers": "Yes\nNo"}
    assert (await at_ana.submit(home, "/posts", **typed)).status == 303
    [made] = await ana.get(f"/api/v1/accounts/{ana.id}/statuses")
    answer = await node.ask("GET", f"/api/v1/polls/{made['id']}")
    poll = check("poll_for_strangers", answer.json)
    assert not {"voted", "own_votes"} & poll.keys()
    shown = (await node.ask("GET", f"{STATUSES}/{made['id']}")).json
    assert check("status_for_strangers", shown)["poll"] == poll


async def test_hidden_figures_are_null_until_the_end(
    ana: Person, bo: Person, node: RunningNode
) -> None:
    made = await ask(ana, hide_totals=True)
    poll_id = made["poll"]["id"]
    poll = (await voted(bo, poll_id, 0)).json
    assert [one["votes_count"] for one in check("poll", poll)["options"]] == [None, None]
    for person in (ana, bo):
        [status] = await person.get("/api/v1/timelines/public")
        assert status["poll"]["options"][0]["votes_count"] is None
    await node.db.write(lambda tx: tx.change(_END, key=int(poll_id), at=tx.now - 1))
    ended = await ana.get(f"/api/v1/polls/{poll_id}")
    assert [one["votes_count"] for one in ended["options"]] == [1, 0]


async def test_other_answers_begin_anew_and_the_history_keeps_the_old(
    ana: Person, bo: Person
) -> None:
    made = await ask(ana)
    await voted(bo, made["poll"]["id"], 0)
    path = f"{STATUSES}/{made['id']}"
    same = await ana.put(path, status="which one?", poll=POLL)
    assert same["poll"]["votes_count"] == 1
    other = await ana.put(path, poll=POLL | {"options": ["Trees", "Ethics"]})
    assert check("status", other)["poll"]["votes_count"] == 0
    assert (await bo.get(path))["poll"]["own_votes"] == []
    titles = [
        [one["title"] for one in check("edit", version)["poll"]["options"]]
        for version in await bo.get(f"{path}/history")
    ]
    assert titles == [["Graphs", "Ethics"], ["Graphs", "Ethics"], ["Trees", "Ethics"]]


async def test_a_deleted_poll_can_be_written_again(ana: Person, bo: Person) -> None:
    made = await ask(ana)
    gone = check("deleted_status", await ana.delete(f"{STATUSES}/{made['id']}"))
    assert [one["title"] for one in gone["poll"]["options"]] == ["Graphs", "Ethics"]
    assert (await bo.ask("GET", f"/api/v1/polls/{made['id']}")).status == 404
    assert (await voted(bo, made["id"], 0)).status == 404


async def test_a_poll_and_pictures_exclude_each_other(ana: Person) -> None:
    file = await upload(ana, picture())
    sent = {"status": "x", "poll": POLL, "media_ids": [file["id"]]}
    answer = await ana.ask("POST", STATUSES, json=sent)
    assert (answer.status, "pictures or a poll" in answer.json["error"]) == (422, True)
    assert await ana.get(f"/api/v1/accounts/{ana.id}/statuses") == []


# Pages.


async def test_a_poll_is_made_and_voted_in_without_scripts(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    at_ana, at_bo = await visitors.of(ana), await visitors.of(bo)
    home = await at_ana.get("/")
    typed = {"text": "which way?", "readers": "everyone", "answers": "Left\n\n Right \n<b>On</b>"}
    assert (await at_ana.submit(home, "/posts", **typed)).status == 303
    [made] = await ana.get(f"/api/v1/accounts/{ana.id}/statuses")
    assert [one["title"] for one in made["poll"]["options"]] == ["Left", "Right", "<b>On</b>"]
    own = await at_ana.get(f"/@ana/{made['id']}")
    assert own.tree.css_first(f'form[action="/posts/{made["id"]}/vote"]') is None
    page = await at_bo.get(f"/@ana/{made['id']}")
    assert "<b>On</b>" not in page.html  # H01
    action = f"/posts/{made['id']}/vote"
    assert {node.attributes["type"] for node in page.form(action).css("[name=choices]")} == {
        "radio"
    }
    sent = await at_bo.submit(page, action, choices="1")
    assert (sent.status, sent.location) == (303, f"/@ana/{made['id']}#p{made['id']}")
    after = await at_bo.get(f"/@ana/{made['id']}")
    assert after.tree.css_first(f'form[action="{action}"]') is None
    assert "Right (your choice) 1 vote" in after.text
    assert "1 person voted" in after.text
    again = await at_bo.submit(page, action, choices="0")
    assert (again.status, "already voted" in again.html) == (422, True)


@pytest.mark.parametrize("payload", SCRIPTS)
async def test_H01_answers_are_words(
    visitors: Visitors, ana: Person, bo: Person, payload: str
) -> None:
    made = await ask(ana, options=[payload[:90], "harmless"])
    at_bo = await visitors.of(bo)
    page = await at_bo.get(f"/@ana/{made['id']}")
    assert dangers(page.html) == []
    await voted(bo, made["poll"]["id"], 0)
    page = await at_bo.get(f"/@ana/{made['id']}")
    assert dangers(page.html) == []
    assert page.tree.css_first(".answers meter") is not None


async def test_what_was_typed_about_a_poll_stays_in_the_form(at_ana: Any) -> None:
    home = await at_ana.get("/")
    sent = await at_ana.submit(home, "/posts", text="hm", readers="everyone", answers="only one")
    assert sent.status == 422
    assert "at least two answers" in sent.text
    assert sent.fields("/posts")["answers"] == "only one"


async def test_hidden_figures_are_not_on_the_page(
    visitors: Visitors, ana: Person, bo: Person, node: RunningNode
) -> None:
    made = await ask(ana, hide_totals=True)
    await voted(bo, made["poll"]["id"], 0)
    at_bo = await visitors.of(bo)
    page = await at_bo.get(f"/@ana/{made['id']}")
    assert "1 vote" not in page.text
    assert "Figures are shown when it has ended" in page.text
    await node.db.write(lambda tx: tx.change(_END, key=int(made["id"]), at=tx.now - 1))
    ended = await at_bo.get(f"/@ana/{made['id']}")
    assert "Graphs (your choice) 1 vote" in ended.text
    assert "The poll has ended" in ended.text
