"""Quotes as strangers send them (FEP-044f, Mastodon's and Misskey's shapes): nothing is believed
but what the quoted author's own server says, and no order of the same events matters.
"""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import orjson
import pytest
from msgspec.structs import replace

from domain.choices import Choice
from domain.kinds import NotificationKind
from domain.quotes import QuoteState
from federation.discovery import find_actor
from social import quotes as acts
from social.blocks import block
from social.posts import Draft, create_post, delete_post
from social.quote_checks import recheck_quotes
from storage.queries import quotes
from storage.queries.quotes import QuoteRow
from storage.views.actors import ActorView
from storage.views.posts import PostRow, load
from tests.inbox.home import LEDGER, Home
from tests.support.factories import member
from tests.support.stranger import CONTEXT, Document, Page, Person, Stranger

MASTODON = [
    *CONTEXT,
    {
        "quote": "https://w3id.org/fep/044f#quote",
        "quoteUri": "http://fedibird.com/ns#quoteUri",
        "_misskey_quote": "https://misskey-hub.net/ns#_misskey_quote",
        "quoteAuthorization": {
            "@id": "https://w3id.org/fep/044f#quoteAuthorization",
            "@type": "@id",
        },
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
    },
]
ANYBODY = {"canQuote": {"automaticApproval": ["https://www.w3.org/ns/activitystreams#Public"]}}


def ago(**time: int) -> str:
    """A moment that passed, as documents say it."""
    return (datetime.now(UTC) - timedelta(**time)).isoformat().replace("+00:00", "Z")


def quoting(server: Stranger, author: Person, uri: str, **extra: Any) -> Document:
    """A post in Mastodon's shape that quotes `uri`."""
    inline = f'<p class="quote-inline">RE: <a href="{uri}">{uri}</a></p><p>So true</p>'
    said = {"quote": uri, "quoteUri": uri, "_misskey_quote": uri, "content": inline}
    return server.note(author, **({"@context": MASTODON} | said | extra))


def asked(server: Stranger, quoter: Person, uri: str, instrument: Any) -> Document:
    """QuoteRequest, as Mastodon sends it."""
    more = {"@context": MASTODON, "instrument": instrument, "to": uri}
    return server.activity(quoter, "QuoteRequest", uri, **more)


def stamp(server: Stranger, author: Person, quoting: str, quoted: str, **extra: Any) -> str:
    """A QuoteAuthorization, served."""
    number = len(server.pages)
    return server.add(
        f"/stamps/{number}",
        {
            "type": "QuoteAuthorization",
            "attributedTo": author.uri,
            "interactingObject": quoting,
            "interactionTarget": quoted,
        }
        | extra,
    )


class Scene:
    """Alice lives here and follows ana of B; mallory of E is nobody's friend."""

    def __init__(self, here: Home, b: Stranger, e: Stranger, people: dict[str, Any]) -> None:
        self.here, self.b, self.e = here, b, e
        self.alice: ActorView = people["alice"]
        self.ana: Person = people["ana"]
        self.mallory: Person = people["mallory"]

    async def say(self, *sent: tuple[Stranger, Person, Document]) -> None:
        for server, person, activity in sent:
            answer = await server.deliver(person, self.here.inbox, activity)
            assert answer.status == 202, answer.body
            await self.here.drain()

    async def from_ana(self, *activities: Document) -> None:
        await self.say(*((self.b, self.ana, one) for one in activities))

    async def from_mallory(self, *activities: Document) -> None:
        await self.say(*((self.e, self.mallory, one) for one in activities))

    def create(self, note: Document) -> Document:
        return self.b.activity(self.ana, "Create", note, to=note["to"], cc=note["cc"])

    async def quote(self, note: Document) -> QuoteRow | None:
        return await self.here.db.read(quotes.by_uri, note["id"])

    async def state(self, note: Document) -> QuoteState | None:
        found = await self.quote(note)
        return found.state if found is not None else None

    async def shown(self, note: Document) -> str | None:
        """The state of the quote that alice sees."""
        row = await self.here.stored(note["id"])
        assert row is not None
        view = await self.here.db.read(load, [row.id], member(self.alice.id))
        return view[0].quote.state if view and view[0].quote is not None else None

    async def sent(self, kind: str) -> list[Document]:
        """What was published here, of one type."""
        found = [orjson.loads(row[-2]) for row in await self.here.rows("activities")]
        return [one for one in found if one["type"] == kind]

    async def told(self) -> list[NotificationKind]:
        rows = await self.here.rows("notifications")
        return [row[2] for row in rows if row[1] == self.alice.id]

    async def count(self, row: PostRow) -> int:
        found = await self.here.stored(row.uri)
        assert found is not None
        return found.quotes_count


@pytest.fixture
async def scene(
    here: Home, b: Stranger, e: Stranger, alice: ActorView, ana: Person, mallory: Person
) -> Scene:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    return Scene(here, b, e, {"alice": alice, "ana": ana, "mallory": mallory})


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


# Third parties.


async def theirs(scene: Scene, **extra: Any) -> Document:
    return scene.e.note(scene.mallory, interactionPolicy=ANYBODY, **extra)


@pytest.mark.interop(
    "Create{Note} with quote",
    "in",
    "is shown once its QuoteAuthorization was fetched",
    peer="scripted Mastodon",
)
async def test_a_consent_is_fetched_and_believed(scene: Scene) -> None:
    quoted = await theirs(scene)
    note = quoting(scene.b, scene.ana, quoted["id"])
    note["quoteAuthorization"] = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    await scene.from_ana(scene.create(note))
    assert await scene.shown(note) == "accepted"
    row = await scene.here.stored(quoted["id"])
    assert row is not None
    assert row.quotes_count == 1


LIES: dict[str, Any] = {
    "none": lambda s, n, q: None,
    "not-there": lambda s, n, q: s.e.url("/stamps/none"),
    "own-server": lambda s, n, q: stamp(s.b, s.mallory, n["id"], q["id"]),
    "by-another": lambda s, n, q: stamp(s.e, s.e.person("eve"), n["id"], q["id"]),
    "other-quote": lambda s, n, q: stamp(s.e, s.mallory, s.b.url("/notes/other"), q["id"]),
    "other-post": lambda s, n, q: stamp(s.e, s.mallory, n["id"], s.e.url("/notes/other")),
    "other-type": lambda s, n, q: stamp(s.e, s.mallory, n["id"], q["id"], type="Note"),
    "other-id": lambda s, n, q: stamp(s.e, s.mallory, n["id"], q["id"], id=s.b.url("/stamps/1")),
    "embedded": lambda s, n, q: {
        "id": s.e.url("/stamps/made-up"),
        "type": "QuoteAuthorization",
        "attributedTo": s.mallory.uri,
        "interactingObject": n["id"],
        "interactionTarget": q["id"],
    },
}


@pytest.mark.parametrize("lie", LIES)
async def test_O10_a_forged_consent_shows_nothing(scene: Scene, lie: str) -> None:
    quoted = await theirs(scene)
    note = quoting(scene.b, scene.ana, quoted["id"])
    claimed = LIES[lie](scene, note, quoted)
    if claimed is not None:
        note["quoteAuthorization"] = claimed
    await scene.from_ana(scene.create(note))
    assert await scene.state(note) is QuoteState.PENDING
    assert await scene.shown(note) == "pending"


async def test_D09_a_chain_of_quotes_is_not_followed(scene: Scene) -> None:
    def link(number: int) -> Document:
        uri = scene.e.url(f"/chain/{number + 1}")
        return quoting(scene.e, scene.mallory, uri) | {"id": scene.e.url(f"/chain/{number}")}

    for number in range(20):
        scene.e.pages[f"/chain/{number}"] = Page(link(number))
    note = quoting(scene.b, scene.ana, scene.e.url("/chain/0"))
    await scene.from_ana(scene.create(note))
    assert await scene.here.stored(scene.e.url("/chain/0")) is not None
    assert scene.e.fetches("/chain/1") == 0


async def test_quoting_oneself_and_who_is_named_needs_no_consent(scene: Scene) -> None:
    mine = scene.b.note(scene.ana)
    named = await theirs(
        scene,
        tag=[{"type": "Mention", "href": scene.ana.uri, "name": "@ana"}],
        cc=[scene.ana.uri],
    )
    notes = [quoting(scene.b, scene.ana, one["id"]) for one in (mine, named)]
    await scene.from_ana(*(scene.create(one) for one in notes))
    assert [await scene.shown(one) for one in notes] == ["accepted", "accepted"]


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


@pytest.mark.interop(
    "Delete{QuoteAuthorization}", "in", "hides the quote for good", peer="scripted Mastodon"
)
async def test_O12_consent_is_taken_back_by_who_gave_it_alone_and_for_good(scene: Scene) -> None:
    quoted = await theirs(scene)
    note = quoting(scene.b, scene.ana, quoted["id"])
    given = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    note["quoteAuthorization"] = given
    await scene.from_ana(scene.create(note))
    eve = scene.e.person("eve")
    await scene.say((scene.e, eve, scene.e.activity(eve, "Delete", given)))
    await scene.from_ana(scene.b.activity(scene.ana, "Delete", given))
    assert await scene.shown(note) == "accepted"
    await scene.from_mallory(scene.e.activity(scene.mallory, "Delete", given))
    assert await scene.shown(note) == "revoked"
    for at in (2, 3):  # said again, in vain, although the stamp is still served
        again = note | {"updated": f"2026-11-0{at}T10:00:00Z", "content": f"<p>again {at}</p>"}
        without = {name: value for name, value in again.items() if name != "quoteAuthorization"}
        await scene.from_ana(
            scene.b.activity(
                scene.ana, "Update", without | {"updated": f"2026-11-0{at}T09:00:00Z"}
            ),
            scene.b.activity(scene.ana, "Update", again),
        )
        assert await scene.shown(note) == "revoked"


async def test_consent_that_was_deleted_before_it_came_is_none(scene: Scene) -> None:
    quoted = await theirs(scene)
    note = quoting(scene.b, scene.ana, quoted["id"])
    note["quoteAuthorization"] = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    await scene.from_mallory(scene.e.activity(scene.mallory, "Delete", note["quoteAuthorization"]))
    await scene.from_ana(scene.create(note))
    assert await scene.shown(note) == "revoked"


# Answers to what was asked here.


async def by_alice(scene: Scene, quoted: Document) -> tuple[Document, Document]:
    """Alice quotes a post of mallory's; the QuoteRequest, and her post."""
    found = await scene.here.db.read(quotes.waiting_for, "x")
    assert found == []
    from social.ancestors import find_post

    row = await find_post(scene.here.fetcher, quoted["id"])
    assert row is not None
    draft = Draft(text="Look at that", quoted_id=row.id)
    await scene.here.db.write(
        create_post, node=scene.here.node, author_id=scene.alice.id, draft=draft
    )
    [request] = await scene.sent("QuoteRequest")
    return request, request["instrument"]


@pytest.mark.interop(
    "QuoteRequest",
    "out",
    "asks the quoted author; the answer travels as an Update",
    peer="scripted Mastodon",
)
async def test_an_accept_is_believed_and_told_to_everybody(scene: Scene) -> None:
    quoted = await theirs(scene)
    request, note = await by_alice(scene, quoted)
    assert (request["object"], request["to"]) == (quoted["id"], [scene.mallory.uri])
    assert (note["quote"], "quoteAuthorization" in note) == (quoted["id"], False)
    assert await scene.shown(note) == "pending"
    given = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    accept = scene.e.activity(scene.mallory, "Accept", request, result=given)
    await scene.from_mallory(accept)
    assert await scene.shown(note) == "accepted"
    [update] = await scene.sent("Update")
    assert update["object"]["quoteAuthorization"] == given
    await scene.from_mallory(scene.e.activity(scene.mallory, "Delete", given))
    assert await scene.shown(note) == "revoked"
    _, update = await scene.sent("Update")
    assert "quoteAuthorization" not in update["object"]


async def test_O12_nobody_answers_for_the_quoted_author(scene: Scene) -> None:
    quoted = await theirs(scene)
    request, note = await by_alice(scene, quoted)
    eve = scene.e.person("eve")
    own_stamp = stamp(scene.b, scene.ana, note["id"], quoted["id"])
    before = await scene.state(note)
    await scene.from_ana(scene.b.activity(scene.ana, "Accept", request, result=own_stamp))
    await scene.say(
        (scene.e, eve, scene.e.activity(eve, "Accept", request, result=scene.e.url("/stamps/9")))
    )
    await scene.from_mallory(
        scene.e.activity(scene.mallory, "Accept", request, result=own_stamp),
        scene.e.activity(scene.mallory, "Accept", request["id"]),
    )
    assert await scene.state(note) is before is QuoteState.PENDING
    await scene.from_mallory(scene.e.activity(scene.mallory, "Reject", request["id"]))
    assert await scene.shown(note) == "rejected"


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_answers_in_any_order_settle_alike(scene: Scene, order: tuple[int, ...]) -> None:
    """Accept by the request's id, the same once more, and the end of the consent."""
    quoted = await theirs(scene)
    request, note = await by_alice(scene, quoted)
    given = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    events = [
        scene.e.activity(scene.mallory, "Accept", request["id"], result=given),
        scene.e.activity(scene.mallory, "Accept", request, result={"id": given}),
        scene.e.activity(scene.mallory, "Delete", {"id": given, "type": "QuoteAuthorization"}),
    ]
    await scene.from_mallory(*(events[number] for number in order))
    assert await scene.shown(note) == "revoked"
    last = (await scene.sent("Update"))[-1:]
    assert all("quoteAuthorization" not in update["object"] for update in last)


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


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("there", "accepted"), ("gone", "revoked"), ("other", "revoked"), ("down", "accepted")],
)
async def test_consent_is_asked_for_again(scene: Scene, answer: str, expected: str) -> None:
    quoted = await theirs(scene)
    note = quoting(scene.b, scene.ana, quoted["id"])
    note["quoteAuthorization"] = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    await scene.from_ana(scene.create(note))
    assert await scene.shown(note) == "accepted"
    found = await scene.quote(note)
    assert found is not None
    path = note["quoteAuthorization"].removeprefix(scene.e.origin)
    asked_before = scene.e.fetches(path)
    await recheck_quotes(scene.here.fetcher)
    assert scene.e.fetches(path) == asked_before, "it was asked for a moment ago"
    await scene.here.db.write(quotes.change, replace(found, checked_at=0))
    if answer == "gone":
        scene.e.pages[path] = Page(status=404)
    elif answer == "down":
        scene.e.pages[path] = Page(status=503)
    elif answer == "other":
        scene.e.pages[path] = scene.e.pages[
            stamp(scene.e, scene.mallory, scene.b.url("/notes/other"), quoted["id"]).removeprefix(
                scene.e.origin
            )
        ]
    await recheck_quotes(scene.here.fetcher)
    assert scene.e.fetches(path) == asked_before + 1
    assert await scene.shown(note) == expected
