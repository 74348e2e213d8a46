"""What comes by reading up a community's past while its Announce is still on the way."""

import pytest
from sqlalchemy import update

from domain.kinds import NotificationKind, Role
from social.announced import OVERTAKEN_MS
from social.backfill import backfill
from social.signin import Identity
from social.streaming import EventKind, Hub, Stream
from storage.queries import follows, timelines
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.gathering import Place, Writer, at, join
from tests.inbox.giving import give, in_vain
from tests.inbox.home import Home
from tests.inbox.test_announced_own import echo, waiting
from tests.inbox.test_catching_up import ben, cy, lifting, outbox
from tests.social.test_streaming_rules import heard
from tests.support.factories import FAR
from tests.support.stranger import Document

__all__ = ["ben", "cy", "lifting"]


def identity(actor: ActorView) -> Identity:
    return Identity(
        account_id=actor.id,
        actor_id=actor.id,
        role=Role.MEMBER,
        scopes="read",
        token_id=0,
        epoch=1,
        app_id=None,
    )


class Meeting:
    """Ben has long been a member, and so has Dora, whose bell rings for the community and who has
    not looked for long; the newest post comes by what is read up for Alice first."""

    def __init__(self, here: Home, where: Place, alice: ActorView, ben: ActorView) -> None:
        self.here, self.where, self.alice, self.ben = here, where, alice, ben

    async def begin(self, cy: Writer) -> Document:
        """The newest Announce, read up and not yet delivered."""
        for one in (self.alice, self.ben):
            await self.here.db.write(timelines.set_fresh, one.id, FAR)
        self.dora = await self.here.someone("dora")
        await join(self.where, self.dora)
        await self.here.db.write(self._ring)
        mention = {"type": "Mention", "href": self.ben.uri, "name": "@ben"}
        old = self.where.create(cy, "old", published=at(0))
        new = self.where.create(cy, "new", published=at(1), tag=[mention])
        told = self.where.card(cy)
        newest = self.where.announce(new, told)
        outbox(self.where, [newest, self.where.announce(old, told)])
        assert await self.read_up() == 2
        return newest

    def _ring(self, tx: Tx) -> None:
        club = self.where.actor.id
        follows.set_wishes(tx, self.dora.id, club, shares=True, notify=True, languages="")

    async def read_up(self) -> int:
        pair = {"community_id": self.where.actor.id, "actor_id": self.alice.id}
        return await backfill(self.here.fetcher, **pair, pause=0)

    async def homes(self) -> list[int]:
        """In whose homes something stands, once for each line."""
        return sorted([row[0] for row in await self.here.rows("home_entries")])

    async def told(self) -> list[tuple[int, int]]:
        """Who was told of something, and of what kind."""
        return sorted([(row[1], row[2]) for row in await self.here.rows("notifications")])


@pytest.fixture
def meeting(here: Home, lifting: Place, alice: ActorView, ben: ActorView) -> Meeting:
    return Meeting(here, lifting, alice, ben)


@pytest.mark.both
async def test_what_was_read_up_just_before_it_was_announced_is_news(
    meeting: Meeting, cy: Writer
) -> None:
    newest = await meeting.begin(cy)
    for _ in range(2):  # reading it up, once or twice, makes it nobody's news
        assert await meeting.homes() == [meeting.alice.id] * 2
        assert await meeting.told() == []
        assert await meeting.read_up() == 0

    hub = Hub(meeting.here.db)
    await hub.start()
    try:
        live = hub.connect(identity(meeting.ben), (Stream("user"),))
        await give(meeting.here, meeting.where.person, newest)
        while (sent := await heard(live)) is not None and sent.event is not EventKind.UPDATE:
            pass
        assert sent is not None, "whoever listens hears of it"
    finally:
        await hub.close()
    assert await meeting.homes() == sorted([meeting.alice.id, meeting.alice.id, meeting.ben.id])
    assert await meeting.told() == [
        (meeting.ben.id, NotificationKind.MENTION),
        (meeting.dora.id, NotificationKind.STATUS),
    ]
    again = meeting.where.announce(newest["object"])
    await in_vain(meeting.here, meeting.where.person, again)


@pytest.mark.both
async def test_what_was_read_up_long_before_it_is_announced_is_no_news(
    meeting: Meeting, cy: Writer
) -> None:
    newest = await meeting.begin(cy)
    long_ago = update(posts).values(stored_at=posts.c.stored_at - OVERTAKEN_MS - 1)
    await meeting.here.db.write(lambda tx: tx.change(long_ago))
    await in_vain(meeting.here, meeting.where.person, newest)
    assert await meeting.homes() == [meeting.alice.id] * 2


@pytest.mark.both
async def test_our_own_words_that_were_read_up_before_they_were_announced_are_news(
    meeting: Meeting, cy: Writer
) -> None:
    await meeting.begin(cy)
    row = await waiting(meeting.where, meeting.ben, named=(meeting.dora.id,))
    announce = meeting.where.announce(await echo(meeting.where, meeting.ben, row))
    outbox(meeting.where, [announce])
    before = await meeting.homes()
    assert await meeting.read_up() == 1
    assert await meeting.homes() == sorted([*before, meeting.alice.id])
    assert await meeting.told() == []
    await give(meeting.here, meeting.where.person, announce)
    assert await meeting.homes() == sorted([*before, meeting.alice.id, meeting.ben.id])
    assert await meeting.told() == [(meeting.dora.id, NotificationKind.MENTION)]
