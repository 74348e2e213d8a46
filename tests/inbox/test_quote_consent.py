"""Consent to quotes of others' posts (FEP-044f): nothing is believed but what the quoted author's
own server says, and no order of the same events matters.
"""

from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from domain.quotes import QuoteState
from social.ancestors import find_post
from social.posts import Draft, create_post
from social.quote_checks import recheck_quotes
from storage.queries import quotes
from tests.inbox.quoting import ANYBODY, Scene, quoting, scene, stamp
from tests.support.stranger import Document, Page

__all__ = ["scene"]


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


# Answers to what was asked here.


async def by_alice(scene: Scene, quoted: Document) -> tuple[Document, Document]:
    """Alice quotes a post of mallory's; the QuoteRequest, and her post."""
    found = await scene.here.db.read(quotes.waiting_for, "x")
    assert found == []

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
