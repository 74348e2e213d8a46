"""Somebody asks, and others vote, here and elsewhere."""

from typing import Any

import orjson
from msgspec.structs import replace
from sqlalchemy import select

from activitypub.parse.polls import PollDocument, VoteDocument
from activitypub.parse.posts import parse_note
from domain.audience import Audience
from domain.kinds import NotificationKind, PostType, Role
from domain.polls import NewPoll
from social import polls, remote_polls
from social.posts import Draft, create_post
from storage.queries import actors, posts
from storage.queries import polls as rows
from storage.queries.polls import Poll
from storage.tables.jobs import jobs
from storage.tables.timelines import notifications
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.support.factories import (
    NODE,
    add_node,
    add_person,
    add_post,
    add_remote,
)

POLL = NewPoll(("Graphs", "Ethics", "Both"), 3600)
MANY = NewPoll(("Graphs", "Ethics", "Both"), 3600, multiple=True)
_JOBS = select(jobs.c.kind, jobs.c.payload, jobs.c.run_at).order_by(jobs.c.id)
_TOLD = select(notifications.c.actor_id, notifications.c.kind)
_SENT = select(activities.c.body).order_by(activities.c.id)


class Asked:
    """Ana of this node asks; Bo votes here, Zoe and Yan elsewhere."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        add_node(tx)
        self.ana, self.bo, self.cy = (add_person(tx, name) for name in ("ana", "bo", "cy"))
        self.gina = add_person(tx, "gina", role=Role.GUEST)
        self.zoe, self.yan = add_remote(tx, "zoe"), add_remote(tx, "yan")

    def ask(self, wish: NewPoll = POLL, author: int | None = None, **draft: Any) -> int:
        given = Draft("@bo which?", poll=wish, **draft)
        return create_post(self.tx, node=NODE, author_id=author or self.ana, draft=given).post_id

    def row(self, post_id: int) -> PostRow:
        found = posts.by_id(self.tx, post_id)
        assert found is not None
        return found

    def poll(self, post_id: int, viewer: int = 0) -> Poll:
        found = rows.of_post(self.tx, post_id, viewer)
        assert found is not None
        return found

    def figures(self, post_id: int) -> tuple[tuple[int, ...], int | None]:
        poll = self.poll(post_id)
        return tuple(option.votes for option in poll.options), poll.voters

    def vote(self, who: int, post_id: int, *choices: int) -> None:
        polls.vote(self.tx, node=NODE, actor_id=who, post_id=post_id, choices=choices)

    def hear(self, who: int, post_id: int, *names: str, at: int | None = None) -> str | None:
        """Somebody elsewhere votes; why it had no effect."""
        row = self.row(post_id)
        vote = VoteDocument(id="https://far.example/v", in_reply_to=row.uri, names=names)
        return remote_polls.receive_vote(
            self.tx,
            node=NODE,
            vote=vote,
            signer=self.view(who),
            uri=f"https://far.example/act/{who}/{'/'.join(names)}",
            received_at=self.tx.now if at is None else at,
        )

    def hears_of(
        self, post_id: int, told: PollDocument | None, kind: str = "Question"
    ) -> remote_polls.News:
        """The author's server says something of a poll."""
        row = self.row(post_id)
        whole = {"id": row.uri, "type": kind, "attributedTo": "https://far.example/a/1"}
        note = replace(parse_note(whole), poll=told)
        return remote_polls.refresh(self.tx, row, note)

    def view(self, who: int) -> ActorView:
        found = actors.by_id(self.tx, who)
        assert found is not None
        return found

    def jobs(self, kind: str) -> list[Any]:
        return [orjson.loads(payload) for name, payload, _ in self.tx.all(_JOBS) if name == kind]

    def told(self) -> set[tuple[int, NotificationKind]]:
        return set(self.tx.all(_TOLD))

    def sent(self, kind: str) -> list[dict[str, Any]]:
        found = [orjson.loads(body) for (body,) in self.tx.all(_SENT)]
        return [one for one in found if one["type"] == kind]


def ask_the_world(asked: Asked, wish: NewPoll = POLL) -> int:
    """A poll of Ana's that anybody may read."""
    post_id = add_post(asked.tx, asked.ana, Audience.public(), type=PostType.QUESTION)
    polls.make(asked.tx, asked.row(post_id), wish)
    return post_id
