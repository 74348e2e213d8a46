"""Who is reached by what is published: every audience, with somebody who must not be."""

from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from msgspec import convert
from sqlalchemy import select

from domain.audience import Audience
from domain.ids import HERE
from domain.kinds import FollowState, RuleAction
from domain.node import Federation
from outbox import publish
from outbox.fan_out import fan_out
from outbox.publish import Reach
from storage.queries.activities import activity
from storage.queries.disclosures import is_disclosed
from storage.queries.origins import set_rule
from storage.tables.jobs import jobs
from storage.tables.traffic import deliveries
from storage.tx import Tx
from storage.views import posts
from tests.support.factories import (
    NODE,
    add_actor,
    add_follow,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_share,
    add_sister,
    origin_of,
)

OPEN = replace(NODE, federation=Federation.OPEN)
FAR, NEAR, THIRD = "https://far.example", "https://near.example", "https://third.example"

_JOBS = select(jobs.c.payload).where(jobs.c.kind == publish.FAN_OUT).order_by(jobs.c.id)
_INBOXES = select(deliveries.c.inbox, deliveries.c.activity_id)


@dataclass
class Cast:
    """People here, and three foreign servers with people who follow some of them."""

    ana: int  # here
    bo: int  # here
    fern: int  # far, follows ana
    moss: int  # far, follows ana and bo
    reed: int  # near, follows bo only
    stranger: int  # third, follows nobody


@pytest.fixture
def cast(tx: Tx) -> Cast:
    application = add_actor(tx, "node")
    from storage.queries.origins import insert_here, remember_application

    insert_here(tx, OPEN.origin)
    remember_application(tx, HERE, application)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    fern, moss = add_remote(tx, "fern", FAR), add_remote(tx, "moss", FAR)
    reed, stranger = add_remote(tx, "reed", NEAR), add_remote(tx, "stranger", THIRD)
    for follower, target in [(fern, ana), (moss, ana), (moss, bo), (reed, bo)]:
        add_follow(tx, follower, target)
    return Cast(ana, bo, fern, moss, reed, stranger)


def sent(tx: Tx) -> list[tuple[dict[str, Any], set[str]]]:
    """Run the queued fan-outs; each document with the inboxes that it goes to."""
    found = []
    for (payload,) in tx.all(_JOBS):
        given = orjson.loads(payload)
        reach = convert(given["reach"], Reach)
        fan_out(tx, node=OPEN, activity_id=given["activity"], reach=reach, body=None)
        stored = activity(tx, given["activity"])
        assert stored is not None
        rows = [inbox for inbox, number in tx.all(_INBOXES) if number == given["activity"]]
        assert len(rows) == len(set(rows)), "one delivery per inbox"
        found.append((orjson.loads(stored[2]), set(rows)))
    return found


def create(tx: Tx, post: int) -> tuple[dict[str, Any], set[str]] | None:
    publish.post_created(tx, node=OPEN, post=posts.for_delivery(tx, post))
    found = sent(tx)
    return found[-1] if found else None


def test_a_public_post_goes_once_to_each_server_of_followers_and_named(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.public(), named=(cast.stranger,))
    document, inboxes = create(tx, post) or ({}, set())
    assert inboxes == {f"{FAR}/inbox", f"{THIRD}/inbox"}
    assert document["to"] == ["https://www.w3.org/ns/activitystreams#Public"]
    assert document["object"]["to"] == document["to"]
    assert document["object"]["cc"] == document["cc"]
    assert document["cc"][0].endswith("/followers")
    assert document["object"]["tag"][0]["type"] == "Mention"


def test_a_post_for_this_node_goes_nowhere(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.node(HERE), named=(cast.bo,))
    assert create(tx, post) is None


def test_a_followers_post_that_is_kept_here_goes_nowhere(tx: Tx, cast: Cast) -> None:
    own, kept = Audience.followers(cast.ana), Audience.node(HERE)
    assert create(tx, add_post(tx, cast.ana, own, root_audience=kept)) is None
    assert create(tx, add_post(tx, cast.ana, own)) is not None


def test_a_network_post_goes_to_sisters_and_to_nobody_else(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.network(HERE), named=(cast.fern,))
    found = create(tx, post)
    assert found is None or found[1] == set()
    sister = origin_of(tx, NEAR)
    add_sister(tx, sister, since=0)
    node_there = add_remote(tx, "node", NEAR, type=4)
    from storage.queries.actors import application_of

    add_follow(tx, node_there, application_of(tx, HERE).id)
    second = add_post(tx, cast.ana, Audience.network(HERE))
    document, inboxes = create(tx, second) or ({}, set())
    assert inboxes == {f"{NEAR}/inbox"}
    assert document["to"] == [application_of(tx, HERE).followers]
    assert "Public" not in orjson.dumps(document["to"] + document["cc"]).decode()


def test_followers_and_named_get_a_followers_post(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.followers(cast.ana), named=(cast.stranger,))
    document, inboxes = create(tx, post) or ({}, set())
    assert inboxes == {f"{FAR}/inbox", f"{THIRD}/inbox"}
    assert all("Public" not in uri for uri in document["to"] + document["cc"])


def test_P10_a_pending_follower_gets_nothing(tx: Tx, cast: Cast) -> None:
    add_follow(tx, cast.stranger, cast.ana, state=FollowState.PENDING)
    _, inboxes = create(tx, add_post(tx, cast.ana, Audience.followers(cast.ana))) or ({}, set())
    assert inboxes == {f"{FAR}/inbox"}


def test_only_the_named_get_a_direct_post(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.direct(), named=(cast.reed, cast.bo))
    document, inboxes = create(tx, post) or ({}, set())
    assert inboxes == {f"{NEAR}/inbox"}
    assert "proof" not in document
    assert document["cc"] == []


def test_a_reply_in_somebodys_followers_thread_goes_to_owner_and_named_only(
    tx: Tx, cast: Cast
) -> None:
    root = add_post(
        tx, cast.fern, Audience.followers(cast.fern), origin_id=origin_of(tx, FAR), uri="u"
    )
    add_follow(tx, cast.bo, cast.fern)
    reply = add_reply(tx, cast.bo, root, named=(cast.fern,))
    _, inboxes = create(tx, reply) or ({}, set())
    assert inboxes == {f"{FAR}/inbox"}, "not to bo's own followers near"


def test_a_narrower_reply_leaves_out_servers_of_those_who_may_not_read_the_root(
    tx: Tx, cast: Cast
) -> None:
    """bo answers ana for bo's own followers: moss reads ana too, reed does not."""
    root = add_post(tx, cast.ana, Audience.followers(cast.ana))
    reply = add_reply(tx, cast.bo, root, audience=Audience.followers(cast.bo))
    _, inboxes = create(tx, reply) or ({}, set())
    assert inboxes == {f"{FAR}/inbox"}
    add_follow(tx, cast.reed, cast.ana)
    again = add_reply(tx, cast.bo, root, audience=Audience.followers(cast.bo))
    _, inboxes = create(tx, again) or ({}, set())
    assert inboxes == {f"{FAR}/inbox", f"{NEAR}/inbox"}


def test_one_who_may_not_read_keeps_a_whole_server_out(tx: Tx, cast: Cast) -> None:
    other = add_remote(tx, "other", FAR)
    add_follow(tx, other, cast.bo)  # follows bo, but not ana
    root = add_post(tx, cast.ana, Audience.followers(cast.ana))
    reply = add_reply(tx, cast.bo, root, audience=Audience.followers(cast.bo))
    assert (create(tx, reply) or ({}, set()))[1] == set()


def test_a_delete_follows_every_copy(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.public(), named=(cast.stranger,))
    create(tx, post)
    publish.post_deleted(tx, node=OPEN, post=posts.for_delivery(tx, post))
    document, inboxes = sent(tx)[-1]
    assert document["type"] == "Delete"
    assert document["object"]["type"] == "Tombstone"
    assert inboxes == {f"{FAR}/inbox", f"{THIRD}/inbox"}


def test_a_delete_of_what_never_left_goes_nowhere(tx: Tx, cast: Cast) -> None:
    post = add_post(tx, cast.ana, Audience.node(HERE))
    publish.post_deleted(tx, node=OPEN, post=posts.for_delivery(tx, post))
    assert sent(tx)[-1][1] == set()


def test_a_share_reaches_followers_and_the_author(tx: Tx, cast: Cast) -> None:
    original = add_post(
        tx, cast.stranger, Audience.public(), origin_id=origin_of(tx, THIRD), uri=f"{THIRD}/o/1"
    )
    share = add_share(tx, cast.bo, original)
    publish.shared(tx, share=posts.for_delivery(tx, share))
    document, inboxes = sent(tx)[-1]
    assert (document["type"], document["object"]) == ("Announce", f"{THIRD}/o/1")
    assert inboxes == {f"{FAR}/inbox", f"{NEAR}/inbox", f"{THIRD}/inbox"}


def test_disclosure_is_recorded_for_those_who_are_named_and_no_others(tx: Tx, cast: Cast) -> None:
    far, near = origin_of(tx, FAR), origin_of(tx, NEAR)
    create(tx, add_post(tx, cast.ana, Audience.followers(cast.ana), named=(cast.bo,)))
    assert is_disclosed(tx, cast.ana, far)
    assert is_disclosed(tx, cast.bo, far)
    assert not is_disclosed(tx, cast.ana, near)


def test_O16_a_blocked_domain_is_left_out(tx: Tx, cast: Cast) -> None:
    set_rule(tx, "far.example", RuleAction.BLOCK)
    post = add_post(tx, cast.ana, Audience.public(), named=(cast.stranger,))
    assert (create(tx, post) or ({}, set()))[1] == {f"{THIRD}/inbox"}


def test_running_twice_changes_nothing(tx: Tx, cast: Cast) -> None:
    create(tx, add_post(tx, cast.ana, Audience.public()))
    before = sorted(tx.all(_INBOXES))
    sent(tx)
    assert sorted(tx.all(_INBOXES)) == before
