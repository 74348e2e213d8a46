"""Quotes of our posts as strangers send them (FEP-044f, Mastodon's and Misskey's shapes): they are
judged by each post's policy, and no order of the same events matters.
"""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from domain.choices import Choice
from domain.kinds import NotificationKind
from domain.quotes import QuoteState
from federation.discovery import find_actor
from social import quotes as acts
from social.blocks import block
from social.posts import Draft, create_post, delete_post
from storage.views.posts import PostRow, load
from tests.inbox.home import LEDGER
from tests.inbox.quoting import Scene, asked, quoting, scene
from tests.support.factories import member

__all__ = ["scene"]


def ago(**time: int) -> str:
    """A moment that passed, as documents say it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat().replace("+00:00", "Z")


async def own(scene: Scene, policy: str = "public", visibility: Choice = Choice.PUBLIC) -> PostRow:
    """A post of alice's with this policy."""
    draft = Draft(text="Measure twice", visibility=visibility, quote_policy=policy)
    made = await scene.here.db.write(
        create_post, node=scene.here.node, author_id=scene.alice.id, draft=draft
    )
    found = await scene.here.db.read(lambda tx: load(tx, [made.post_id], member(scene.alice.id)))
    return found[0].row


# Somebody elsewhere asks to quote one of ours.


@pytest.mark.interop(
    "QuoteRequest",
    "in",
    "is accepted by policy, with a QuoteAuthorization",
    peer="scripted Mastodon",
)
@pytest.mark.parametrize("whole", [True, False], ids=["embedded", "by-id"])
async def test_a_request_is_accepted_by_policy(scene: Scene, whole: bool) -> None:
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri)
    request = asked(scene.b, scene.ana, post.uri, note if whole else note["id"])
    await scene.from_ana(request)
    assert await scene.state(note) is QuoteState.ACCEPTED
    [answer] = await scene.sent("Accept")
    assert answer["to"] == [scene.ana.uri]
    assert answer["object"]["id"] == request["id"]
    assert answer["result"].startswith(f"{scene.here.node.origin}/q/")
    assert await scene.told() == [NotificationKind.QUOTE]
    assert await scene.count(post) == 1
    assert await scene.shown(note) == "accepted"


async def test_a_request_is_refused_by_policy(scene: Scene) -> None:
    post = await own(scene, "nobody")
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    assert await scene.state(note) is QuoteState.REJECTED
    [answer] = await scene.sent("Reject")
    assert answer["object"]["instrument"] == note["id"]
    assert (await scene.told(), await scene.count(post)) == ([], 0)


@pytest.mark.parametrize("visibility", [Choice.PRIVATE, Choice.DIRECT])
async def test_O11_who_asks_about_what_they_cannot_see_hears_nothing(
    scene: Scene, visibility: Choice
) -> None:
    post = await own(scene, visibility=visibility)
    note = quoting(scene.b, scene.ana, post.uri)
    unknown = f"{scene.here.node.origin}/o/12345"
    before = await scene.here.digest(without=LEDGER)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    await scene.from_ana(asked(scene.b, scene.ana, unknown, quoting(scene.b, scene.ana, unknown)))
    first, second = await scene.here.reasons()
    assert first == second == "no post of ours that they may read"
    assert await scene.here.digest(without=LEDGER) == before
    assert scene.b.fetches(note["id"].removeprefix(scene.b.origin)) == 0


async def test_O12_nobody_asks_for_somebody_elses_post(scene: Scene) -> None:
    post = await own(scene)
    theirs = quoting(scene.b, scene.ana, post.uri)
    other = scene.e.note(scene.mallory)
    foreign = quoting(scene.e, scene.ana, post.uri)
    before = await scene.here.digest(without=LEDGER)
    for instrument in (theirs, theirs["id"], other, other["id"], foreign):
        await scene.from_mallory(asked(scene.e, scene.mallory, post.uri, instrument))
    assert await scene.here.digest(without=LEDGER) == before
    assert None not in await scene.here.reasons()


async def test_consent_that_was_taken_back_is_not_given_again(scene: Scene) -> None:
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    row = await scene.here.stored(note["id"])
    assert row is not None
    await scene.here.db.write(
        acts.revoke,
        node=scene.here.node,
        author_id=scene.alice.id,
        post_id=post.id,
        quoting_id=row.id,
    )
    [accept], [deleted] = await scene.sent("Accept"), await scene.sent("Delete")
    assert deleted["object"] == accept["result"]
    assert (await scene.told(), await scene.count(post)) == ([], 0)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    assert await scene.state(note) is QuoteState.REVOKED
    assert len(await scene.sent("Reject")) == 1
    stamped = note | {"quoteAuthorization": accept["result"], "updated": "2026-11-02T10:00:00Z"}
    await scene.from_ana(scene.b.activity(scene.ana, "Update", stamped))
    assert await scene.shown(note) == "revoked"


@pytest.mark.interop(
    "Create{Note} with _misskey_quote",
    "in",
    "quotes a post of ours by its policy",
    peer="scripted Misskey",
)
@pytest.mark.parametrize(
    "said",
    [
        pytest.param(lambda uri: {"_misskey_quote": uri, "quoteUrl": uri}, id="misskey"),
        pytest.param(lambda uri: {"quoteUri": uri}, id="fedibird"),
        pytest.param(
            lambda uri: {
                "tag": [
                    {
                        "type": "Link",
                        "mediaType": "application/activity+json",
                        "rel": "https://misskey-hub.net/ns#_misskey_quote",
                        "href": uri,
                    }
                ]
            },
            id="e232",
        ),
    ],
)
async def test_who_knows_no_asking_is_answered_by_policy(scene: Scene, said: Any) -> None:
    open_post, closed = await own(scene), await own(scene, "nobody")
    first = scene.b.note(scene.ana, **said(open_post.uri))
    second = scene.b.note(scene.ana, **said(closed.uri))
    await scene.from_ana(scene.create(first), scene.create(second))
    assert await scene.shown(first) == "accepted"
    assert await scene.shown(second) is None, "a link, as where it was written"
    assert await scene.told() == [NotificationKind.QUOTE]


async def test_P11_who_is_blocked_quotes_no_more(scene: Scene) -> None:
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    ana = await find_actor(scene.here.fetcher, scene.ana.uri)
    await scene.here.db.write(block, node=scene.here.node, actor_id=scene.alice.id, other_id=ana.id)
    [accept], [deleted] = await scene.sent("Accept"), await scene.sent("Delete")
    assert deleted["object"] == accept["result"]
    assert await scene.state(note) is QuoteState.REVOKED
    again = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, again))
    assert await scene.state(again) is None
    assert (await scene.here.reasons())[-1] == "no post of ours that they may read"


# Quotes that come unasked, in any order, and their end.


async def test_O11_a_quote_of_what_its_author_cannot_see_is_of_nothing(scene: Scene) -> None:
    post = await own(scene, visibility=Choice.PRIVATE)
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(scene.create(note))
    found = await scene.quote(note)
    assert found is not None
    assert (found.quoted_id, found.state) == (None, QuoteState.PENDING)
    assert (await scene.told(), await scene.count(post)) == ([], 0)


async def test_O09_a_quote_of_a_narrower_post_is_of_nothing(scene: Scene) -> None:
    """Ana may read what alice wrote to her alone, and quotes it to the world."""
    draft = Draft(text=f"@ana@{scene.b.authority} between us", visibility=Choice.DIRECT)
    made = await scene.here.db.write(
        create_post, node=scene.here.node, author_id=scene.alice.id, draft=draft
    )
    uri = scene.here.node.post(made.post_id)
    note = quoting(scene.b, scene.ana, uri)
    await scene.from_ana(scene.create(note), asked(scene.b, scene.ana, uri, note))
    found = await scene.quote(note)
    assert found is not None
    assert (found.quoted_id, found.state) == (None, QuoteState.PENDING)


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_every_order_of_the_same_events_settles_alike(
    scene: Scene, order: tuple[int, ...]
) -> None:
    """Create, QuoteRequest, an Update that names the consent, and the request once more."""
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri, published=ago(minutes=2))
    named = note | {
        "quoteAuthorization": f"{scene.here.node.origin}/q/1",
        "updated": ago(minutes=1),
        "content": "<p>edited</p>",
    }
    events = [
        scene.create(note),
        asked(scene.b, scene.ana, post.uri, note["id"]),
        scene.b.activity(scene.ana, "Update", named, published=note["published"]),
        asked(scene.b, scene.ana, post.uri, note),
    ]
    await scene.from_ana(*(events[number] for number in order))
    assert await scene.shown(note) == "accepted"
    assert (await scene.count(post), await scene.told()) == (1, [NotificationKind.QUOTE])
    row = await scene.here.stored(note["id"])
    assert row is not None
    assert row.content == "<p>edited</p>"
    await scene.from_ana(scene.b.activity(scene.ana, "Delete", note["id"]))
    assert (await scene.count(post), await scene.told()) == (0, [])


async def test_a_deleted_post_is_quoted_no_more(scene: Scene) -> None:
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    await scene.here.db.write(
        delete_post, node=scene.here.node, author_id=scene.alice.id, post_id=post.id
    )
    assert await scene.shown(note) == "deleted"


async def test_a_quote_that_is_taken_out_counts_no_more(scene: Scene) -> None:
    post = await own(scene)
    note = quoting(scene.b, scene.ana, post.uri)
    await scene.from_ana(asked(scene.b, scene.ana, post.uri, note))
    plain = scene.b.note(scene.ana, note["id"].removeprefix(scene.b.origin), content="<p>no</p>")
    await scene.from_ana(
        scene.b.activity(scene.ana, "Update", plain | {"updated": "2026-11-03T10:00:00Z"})
    )
    assert await scene.quote(note) is None
    assert (await scene.shown(note), await scene.count(post)) == (None, 0)
