"""A membership in a community elsewhere ends: what this node forgets, keeps and answers (§6)."""

from typing import Any

import orjson
from sqlalchemy import select

from domain.audience import Audience
from domain.kinds import IntakeState
from jobs.queue import enqueue
from social import joining, memberships
from social.purging import PURGE
from storage.queries import actors, cards, communities, intake, posts
from storage.queries import purging as stored
from storage.tables.jobs import jobs
from storage.tables.traffic import intake as intake_table
from storage.tx import Tx
from tests.support.clubs import LAB, OPEN, Club, Guild
from tests.support.factories import (
    add_actor,
    add_block,
    add_card,
    add_community,
    add_like,
    add_post,
    add_reply,
    add_wrapper,
    origin_of,
)

_PURGES = select(jobs.c.payload).where(jobs.c.kind == PURGE).order_by(jobs.c.id)
_RAW = select(intake_table.c.state, intake_table.c.body).order_by(intake_table.c.id)


class There:
    """A guild on lab with a post by Kim of lab, its wrapper, and what Ana of ours did with it."""

    def __init__(self, club: Club) -> None:
        self.tx, self.club, self.guild = club.tx, club, Guild(club)
        tx = self.tx
        place: dict[str, Any] = {"place_id": self.guild.id}
        audience = Audience.community(self.guild.id)
        self.zoe = add_actor(
            *(tx, "zoe"),
            base="https://third.example",
            origin_id=origin_of(tx, LAB) + 1,
            fetched_at=0,
            inbox="",
        )
        add_card(tx, self.guild.id, self.zoe)
        self.root = add_post(tx, self.zoe, audience, **place)
        self.wrapper = add_wrapper(tx, self.guild.id, self.root)
        self.own = add_reply(tx, club.ana, self.root, **place)
        self.below = add_reply(tx, club.ana, self.own, **place)
        self.answer = add_reply(tx, self.zoe, self.own, **place)
        add_like(tx, club.ana, self.root)
        add_like(tx, self.zoe, self.own)
        self.apart = add_post(tx, club.ana, Audience.public())
        given: dict[str, Any] = {"named": (club.ana,), "audience": Audience.direct()}
        self.aside = add_reply(tx, self.zoe, self.root, **given)

    def ends(self, person: int, uri: str = f"{LAB}/act/1") -> bool:
        return joining.rejected(
            self.tx,
            node=OPEN,
            community=self.guild.actor,
            actor_id=person,
            reason="over",
            uri=uri,
        )

    def purged(self) -> None:
        """What the job does, without its waiting."""
        for of_kind in (stored.words_aside, stored.others_posts):
            while ids := of_kind(self.tx, self.guild.id, 2):
                stored.forget_posts(self.tx, self.guild.id, ids)
        stored.forget_rest(self.tx, self.guild.id)

    def asked(self) -> list[Any]:
        return [orjson.loads(row[0]) for row in self.tx.all(_PURGES)]


def test_T18_a_reject_ends_the_membership_and_queues_the_purge(tx: Tx) -> None:
    there = There(Club(tx))
    assert there.ends(there.club.ana)
    assert not communities.is_member(tx, there.guild.id, there.club.ana)
    asked = {"id": f"{LAB}/act/1", "type": "Reject", "actor": there.guild.actor.uri}
    assert [one["asked"] for one in there.asked()] == [asked], "Eve still belongs: only the answer"
    assert posts.by_id(tx, there.root) is not None
    there.ends(there.guild.eve, f"{LAB}/act/2")
    assert [one["asked"] is None for one in there.asked()] == [False, False, True]
    assert there.ends(there.club.ana, f"{LAB}/act/3"), "said again: answered again"
    assert there.asked()[-1]["asked"]["id"] == f"{LAB}/act/3"
    assert not there.ends(there.club.bo), "Bo never belonged"


def test_T18_a_purge_leaves_our_own_words_and_nothing_else(tx: Tx) -> None:
    there = There(Club(tx))
    for person in (there.club.ana, there.guild.eve):
        there.ends(person)
    there.purged()
    for gone in (there.root, there.wrapper, there.answer, there.aside):
        assert posts.by_id(tx, gone) is None
    own, below = posts.by_id(tx, there.own), posts.by_id(tx, there.below)
    assert own is not None
    assert below is not None
    assert (own.reply_to_id, own.root_id, own.likes_count) == (None, own.id, 0)
    assert own.reply_to_uri is not None
    assert (below.reply_to_id, below.root_id) == (own.id, own.id)
    assert actors.by_id(tx, there.zoe) is None
    assert cards.by_member(tx, there.guild.id, there.zoe) is None
    assert posts.by_id(tx, there.apart) is not None
    there.purged()
    assert posts.by_id(tx, there.own) is not None


def test_somebody_whom_another_community_knows_or_whom_we_block_is_not_forgotten(tx: Tx) -> None:
    there = There(Club(tx))
    other = add_community(tx, "other", origin_id=there.club.lab, base=LAB)
    yan = add_actor(tx, "yan", base=LAB, origin_id=there.club.lab, fetched_at=0, inbox="")
    add_card(tx, there.guild.id, yan)
    add_card(tx, other, there.zoe)
    add_block(tx, there.club.ana, yan)
    for person in (there.club.ana, there.guild.eve):
        there.ends(person)
    there.purged()
    assert actors.by_id(tx, there.zoe) is not None
    assert actors.by_id(tx, yan) is not None


def arrived(there: There, signer: int, number: int, kind: str) -> None:
    """An activity that was taken in, and that nobody has looked at."""
    taken = intake.take(
        there.tx,
        origin_id=there.club.lab,
        activity_uri=f"{LAB}/act/{number}",
        signer_id=signer,
        body=orjson.dumps({"type": kind}),
    )
    enqueue(there.tx, "process", taken, about=signer)


def test_T18_raw_announces_are_dropped_and_answers_to_who_asks_are_not(tx: Tx) -> None:
    there = There(Club(tx))
    for number, kind in enumerate(("Announce", "Accept")):
        arrived(there, there.guild.id, number, kind)
    arrived(there, there.club.cy, 9, "Announce")
    stored.drop_raw(tx, there.guild.id)
    found = tx.all(_RAW)
    assert [(state, body is None) for state, body in found] == [
        (IntakeState.DROPPED, True),
        (IntakeState.QUEUED, False),
        (IntakeState.QUEUED, False),
    ]


def test_what_waited_to_be_handed_in_is_sent_no_more(tx: Tx) -> None:
    there = There(Club(tx))
    mine = there.guild.write()
    there.ends(there.club.ana)
    row = posts.by_id(tx, mine)
    assert row is not None
    assert not row.is_accepted
    assert row.acceptance.name == "REFUSED"


def test_leaving_is_acknowledged_like_a_removal(tx: Tx) -> None:
    there = There(Club(tx))
    memberships.leave(tx, node=OPEN, actor_id=there.club.ana, community_id=there.guild.id)
    [undo] = there.club.sent("Undo")
    assert there.asked()[-1]["asked"] == {
        "id": undo["id"],
        "type": "Undo",
        "actor": there.club.view(there.club.ana).uri,
    }
