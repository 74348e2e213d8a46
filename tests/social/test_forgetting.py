"""A server is forgotten, and with it what its people's words did beside ours."""

from typing import Any

import pytest
from sqlalchemy import select

from domain.audience import Audience
from domain.kinds import NotificationKind
from domain.quotes import QuoteState
from social import consent, departures, storing
from social.forgetting import Forgotten, forget_server
from social.notifications import notify
from storage.database import Database
from storage.queries import posts, quotes
from storage.queries.quotes import QuoteRow
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.posts import PostRow
from tests.support.clubs import LAB, Club
from tests.support.factories import add_post, add_reply

pytestmark = pytest.mark.both

_TOLD = select(notifications.c.kind, notifications.c.from_id).order_by(notifications.c.id)
PUBLIC = Audience.public()


class Story:
    """Ana's words: Bo, here, and Cy, on lab, answer and quote them, in public and in the club."""

    def __init__(self, tx: Tx) -> None:
        self.club = club = Club(tx)
        self.cy = club.cy
        self.said = add_post(tx, club.ana, PUBLIC)
        self.asked = club.said(club.ana)
        for one in (club.bo, club.cy):
            self._quote(tx, one, self.said)
            for post in (self.said, self.asked):
                values = {"place_id": club.id if post == self.asked else None, "named": (club.ana,)}
                self._count(tx, add_reply(tx, one, post, **self._home(one), **values))

    def _home(self, author: int) -> dict[str, Any]:
        return {"origin_id": self.club.lab} if author == self.cy else {}

    def _count(self, tx: Tx, answer: int) -> None:
        row = self.row(tx, answer)
        storing._count(tx, row, 1)
        notify(
            tx,
            actor_id=self.club.ana,
            kind=NotificationKind.MENTION,
            from_id=row.author_id,
            post_id=answer,
        )

    def _quote(self, tx: Tx, author: int, quoted: int) -> None:
        of = self.row(tx, quoted)
        quoting = self.row(tx, add_post(tx, author, PUBLIC, quote_uri=of.uri, **self._home(author)))
        quote = QuoteRow(
            id=quoting.id,
            uri=quoting.uri,
            post_id=quoting.id,
            quoter_id=author,
            quoted_uri=of.uri,
            quoted_id=quoted,
            state=QuoteState.ACCEPTED,
            unasked=False,
            counted=False,
            request_uri=None,
            authorization_uri=None,
            created_at=tx.now,
            checked_at=0,
        )
        assert quotes.put(tx, quote)
        consent.settle(tx, quote)

    def row(self, tx: Tx, post_id: int) -> PostRow:
        found = posts.by_id(tx, post_id)
        assert found is not None
        return found

    def figures(self, tx: Tx) -> list[tuple[int, int]]:
        """Answers and quotes, of what Ana said in public and in the club."""
        rows = [self.row(tx, one) for one in (self.said, self.asked)]
        return [(row.replies_count, row.quotes_count) for row in rows]

    def told(self, tx: Tx) -> list[tuple[NotificationKind, bool]]:
        """What Ana was told of, and whether by Cy."""
        return [(kind, by == self.cy) for kind, by in tx.all(_TOLD)]


async def test_with_a_server_goes_what_its_words_did_to_ours(database: Database) -> None:
    story = await database.write(Story)
    assert await database.read(story.figures) == [(2, 2), (2, 0)]
    before = await database.read(story.told)
    assert (NotificationKind.QUOTE, True) in before
    forgotten = await forget_server(database, origin=LAB, authority="lab.example")
    assert forgotten is not None
    assert forgotten.posts == 3
    assert await database.read(story.figures) == [(1, 1), (1, 0)]
    after = await database.read(story.told)
    assert after == [one for one in before if not one[1]]
    await departures.posts_leave(database, story.cy)
    again = await forget_server(database, origin=LAB, authority="lab.example")
    assert again == Forgotten(0, 0)
    assert await database.read(story.figures) == [(1, 1), (1, 0)], "once"
