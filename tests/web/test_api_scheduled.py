"""Posts that appear later, through the API; at their moment their rights are asked anew."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.kinds import AccountState
from jobs.queue import enqueue
from social import accounts as use
from social.scheduling import COME_OUT
from storage.queries import accounts, scheduled
from storage.tx import Tx
from tests.support.nodes import Answer, Json, Person, RunningNode, until
from tests.support.pictures import upload
from tests.web.gathering import found_club

STATUSES = "/api/v1/statuses"
SCHEDULED = "/api/v1/scheduled_statuses"


def ahead(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**(more or {"hours": 1}))).isoformat()


async def later(who: Person, text: str, **more: Any) -> Json:
    """Write for later; the ScheduledStatus."""
    return await who.say(text, **({"scheduled_at": ahead()} | more))


async def its_moment_comes(node: RunningNode, made: Json) -> None:
    """As if the time had passed: the job of this moment runs."""

    def come(tx: Tx) -> None:
        scheduled.move(tx, int(made["id"]), tx.now)
        enqueue(tx, COME_OUT, {"id": int(made["id"]), "due": tx.now})

    await node.db.write(come)


async def gone(who: Person, made: Json) -> bool:
    return (await who.ask("GET", f"{SCHEDULED}/{made['id']}")).status == 404


async def notice(who: Person) -> str:
    """What the helper told of a post that did not appear, once it did."""
    found: list[str] = []

    async def told() -> bool:
        texts = [
            str(one["status"]["content"]) for one in await who.notifications() if one["status"]
        ]
        found[:] = [text for text in texts if "did not appear" in text]
        return bool(found)

    await until(told)
    return found[0]


@pytest.mark.operation(
    "POST /api/v1/statuses",
    "GET /api/v1/scheduled_statuses",
    "GET /api/v1/scheduled_statuses/:id",
    "PUT /api/v1/scheduled_statuses/:id",
)
async def test_a_post_waits_is_moved_and_appears_with_all_that_was_chosen(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    await bo.follow(ana)
    other_app = await ana.second_app()
    picture = await upload(ana, description="a field")
    made = await later(
        ana, "Good #morning", spoiler_text="early", media_ids=[picture["id"]], language="en"
    )
    assert made["params"]["text"] == "Good #morning"
    assert made["params"]["media_ids"] == [picture["id"]]
    assert [each["id"] for each in made["media_attachments"]] == [picture["id"]]
    assert await bo.home() == []
    assert await ana.get(f"/api/v1/accounts/{ana.id}/statuses") == []
    when = ahead(hours=3)
    moved = await ana.put(f"{SCHEDULED}/{made['id']}", scheduled_at=when)
    assert moved["scheduled_at"][:19] == when[:19]
    assert await other_app.get(f"{SCHEDULED}/{made['id']}") == moved
    assert await other_app.get(SCHEDULED) == [moved]
    await its_moment_comes(node, made)
    seen = await bo.sees("morning")
    assert (seen["spoiler_text"], seen["language"]) == ("early", "en")
    assert [each["description"] for each in seen["media_attachments"]] == ["a field"]
    assert [tag["name"] for tag in seen["tags"]] == ["morning"]
    assert await ana.get(SCHEDULED) == []


async def test_polls_answers_and_quotes_wait_as_well(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    first = await bo.say("What do you read?")
    poll = {"options": ["this", "that"], "expires_in": 600, "multiple": True}
    asked = await later(ana, "@bo a poll", in_reply_to_id=first["id"], poll=poll)
    assert asked["params"]["poll"] == {**poll, "hide_totals": False}
    assert asked["params"]["in_reply_to_id"] == int(first["id"])
    quoted = await later(ana, "worth reading", quoted_status_id=first["id"])
    assert quoted["params"]["quoted_status_id"] == first["id"]
    for made in (asked, quoted):
        await its_moment_comes(node, made)
    both = [
        await bo.sees(word, f"/api/v1/accounts/{ana.id}/statuses") for word in ("poll", "worth")
    ]
    assert both[0]["in_reply_to_id"] == first["id"]
    assert [each["title"] for each in both[0]["poll"]["options"]] == ["this", "that"]
    assert both[1]["quote"]["quoted_status"]["id"] == first["id"]


@pytest.mark.operation("DELETE /api/v1/scheduled_statuses/:id")
async def test_what_was_taken_back_never_appears_and_its_files_are_free_again(
    node: RunningNode, ana: Person
) -> None:
    picture = await upload(ana)
    made = await later(ana, "rather not", media_ids=[picture["id"]])
    used = await ana.ask("POST", STATUSES, json={"status": "x", "media_ids": [picture["id"]]})
    assert used.status == 422, "it waits with another post"
    assert (await ana.ask("DELETE", f"/api/v1/media/{picture['id']}")).status == 422
    assert (await ana.ask("GET", f"/api/v1/media/{picture['id']}")).status == 404
    other_app = await ana.second_app()
    assert await other_app.get(SCHEDULED) == [made]
    assert await ana.delete(f"{SCHEDULED}/{made['id']}") == {}
    assert await gone(other_app, made)
    assert await other_app.get(SCHEDULED) == []
    await node.db.write(
        enqueue, COME_OUT, {"id": int(made["id"]), "due": 0}
    )  # the job of the old moment finds nothing
    posted = await ana.say("instead", media_ids=[picture["id"]])
    assert len(posted["media_attachments"]) == 1
    texts = [each["content"] for each in await ana.get(f"/api/v1/accounts/{ana.id}/statuses")]
    assert texts == ["<p>instead</p>"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"scheduled_at": "tomorrow"}, "date and time"),
    ({"scheduled_at": "2001-01-01T00:00:00Z"}, "five minutes"),
    ({"scheduled_at": "2999-01-01T00:00:00Z"}, "two years"),
    ({"status": " "}, "blank"),
    ({"status": "x" * 5001}, "limit"),
    ({"media_ids": ["1"]}, "files"),
    ({"poll": {"options": ["a", "b"], "expires_in": 60}}, "five minutes"),
    ({"visibility": "world"}, "visibility"),
]


async def test_what_cannot_be_is_refused_at_once_and_nothing_waits(ana: Person) -> None:
    for sent, word in REFUSED:
        wish = {"status": "hello", "scheduled_at": ahead(), **sent}
        answer = await ana.ask("POST", STATUSES, json=wish)
        assert answer.status == 422, sent
        assert word in answer.json["error"].lower()
    made = await later(ana, "hello")
    for wrong in ({"scheduled_at": ahead(minutes=4)}, {}):
        moved = await ana.ask("PUT", f"{SCHEDULED}/{made['id']}", json=wrong)
        assert moved.status == 422
    assert await ana.get(SCHEDULED) == [made]


async def test_Z04_nobody_finds_moves_or_takes_back_what_others_wrote_for_later(
    ana: Person, bo: Person
) -> None:
    made = await later(ana, "mine")
    path = f"{SCHEDULED}/{made['id']}"
    tried: list[Answer] = [
        await bo.ask("GET", path),
        await bo.ask("PUT", path, json={"scheduled_at": ahead(hours=2)}),
        await bo.ask("DELETE", path),
    ]
    assert {(answer.status, answer.text) for answer in tried} == {
        (404, '{"error":"Record not found"}')
    }
    assert await bo.get(SCHEDULED) == []
    assert await ana.get(path) == made


async def test_the_same_key_keeps_one_post_and_means_what_became_of_it(
    node: RunningNode, ana: Person
) -> None:
    headers = {"Idempotency-Key": "one"}
    sent = {"status": "Once", "scheduled_at": ahead()}
    first = (await ana.ask("POST", STATUSES, json=sent, headers=headers)).json
    again = (await ana.ask("POST", STATUSES, json=sent, headers=headers)).json
    assert again == first
    assert first["params"]["idempotency"] == "one"
    now = (await ana.ask("POST", STATUSES, json={"status": "Once"}, headers=headers)).json
    assert now == first, "the key stands for what waits, whatever comes with it"
    assert len(await ana.get(SCHEDULED)) == 1
    await its_moment_comes(node, first)
    seen = await ana.sees("Once", f"/api/v1/accounts/{ana.id}/statuses")
    assert (await ana.ask("POST", STATUSES, json=sent, headers=headers)).json["id"] == seen["id"]


async def test_pages_of_what_waits(ana: Person) -> None:
    made = [await later(ana, text) for text in ("one", "two", "three")]
    answer = await ana.ask("GET", SCHEDULED, params={"limit": "2"})
    assert [each["id"] for each in answer.json] == [made[2]["id"], made[1]["id"]]
    assert f"max_id={made[1]['id']}" in answer.headers["Link"]
    older = await ana.get(SCHEDULED, max_id=made[1]["id"])
    assert [each["id"] for each in older] == [made[0]["id"]]


async def test_nothing_of_a_disabled_account_appears_until_it_is_back_and_chooses_anew(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    made = await later(ana, "from somebody who is away")
    await node.db.write(use.disable, node=node.node, account_id=ana.id)
    await its_moment_comes(node, made)
    mark = await later(bo, "the mark")
    await its_moment_comes(node, mark)
    await bo.sees("mark", f"/api/v1/accounts/{bo.id}/statuses")  # jobs before it have run
    await node.db.write(accounts.set_state, ana.id, AccountState.ACTIVE)
    waiting = await node.db.read(scheduled.by_id, int(made["id"]))
    assert waiting is not None
    assert await bo.get(f"/api/v1/accounts/{ana.id}/statuses") == []


async def test_whoever_left_a_community_is_told_instead_and_nobody_else_reads_it(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    club = await found_club(ana, bo)
    made = await later(bo, "@club only for you", visibility="private")
    await club.end(bo)
    await its_moment_comes(node, made)
    told = await notice(bo)
    assert "only for you" in told, "the words are not lost"
    assert await gone(bo, made)
    assert await ana.get(f"/api/v1/accounts/{bo.id}/statuses") == []


async def test_never_wider_what_would_reach_others_by_then_is_given_back(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    made = await later(ana, "for colleagues")

    def as_if_it_had_been_for_this_node(tx: Tx) -> None:
        from sqlalchemy import bindparam, update

        from domain.audience import Kind
        from storage.tables.scheduled import scheduled as table

        narrower = update(table).where(table.c.id == bindparam("key"))
        tx.change(narrower.values(kind=Kind.NODE, root_kind=Kind.NODE), key=int(made["id"]))

    await node.db.write(as_if_it_had_been_for_this_node)
    await its_moment_comes(node, made)
    assert "Other people would read it" in await notice(ana)
    assert await bo.get(f"/api/v1/accounts/{ana.id}/statuses") == []


async def test_an_account_that_ends_leaves_nothing_waiting(node: RunningNode, ana: Person) -> None:
    from social import departures

    picture = await upload(ana)
    made = await later(ana, "never", media_ids=[picture["id"]])
    await node.person("keeper")
    await node.db.write(departures.leave_for_good, node=node.node, account_id=ana.id)

    async def forgotten() -> bool:
        return await node.db.read(scheduled.by_id, int(made["id"])) is None

    await until(forgotten)
