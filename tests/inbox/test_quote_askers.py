"""As whom consent to a quote is asked for: whoever quotes wrote the address (protocol §3).

A signature names who asks. So a reader of ours signs for servers that know them already, and the
node itself for all others.
"""

import pytest

from domain.quotes import QuoteState
from storage.queries import origins, quotes
from storage.queries.disclosures import disclose
from storage.tx import Tx
from tests.inbox.quoting import ANYBODY, Scene, quoting, scene, stamp
from tests.support.stranger import Document, Seen, Stranger

__all__ = ["scene"]


def asked_by(server: Stranger, path: str) -> str:
    """The key id of the only one who asked for a path."""
    found: list[Seen] = [one for one in server.seen if one.path == path]
    assert len(found) == 1, [one.path for one in server.seen]
    header = found[0].headers["signature"]
    return header.partition('keyId="')[2].partition('"')[0]


async def known_at(scene: Scene, server: Stranger) -> None:
    """A server had something by alice."""

    def tell(tx: Tx) -> None:
        disclose(tx, [scene.alice.id], [origins.origin_id(tx, server.origin)])

    await scene.here.db.write(tell)


def for_followers(scene: Scene, uri: str, consent: str | None = None) -> Document:
    """Something that ana shows to her followers alone, alice among them."""
    followers = scene.ana.document["followers"]
    note = quoting(scene.b, scene.ana, uri, to=[followers], cc=[])
    if consent is not None:
        note["quoteAuthorization"] = consent
    return note


async def test_P03_a_third_server_does_not_learn_who_reads_what_quotes_it(scene: Scene) -> None:
    await known_at(scene, scene.b)
    quoted = scene.e.note(scene.mallory, interactionPolicy=ANYBODY)
    note = for_followers(scene, quoted["id"])
    note["quoteAuthorization"] = stamp(scene.e, scene.mallory, note["id"], quoted["id"])
    await scene.from_ana(scene.create(note))
    path = note["quoteAuthorization"].removeprefix(scene.e.origin)
    assert not asked_by(scene.e, path).startswith(scene.alice.uri)
    assert all(scene.alice.uri not in str(one.headers) for one in scene.e.seen)
    assert await scene.shown(note) == "accepted", "asked for by the node itself"


@pytest.mark.parametrize("knows", [True, False], ids=["knows-her", "knows-her-not"])
async def test_P03_a_server_that_knows_the_reader_is_asked_as_the_reader(
    scene: Scene, knows: bool
) -> None:
    if knows:
        await known_at(scene, scene.b)
    eve = scene.b.person("eve")
    quoted = scene.b.note(eve, interactionPolicy=ANYBODY)
    note = for_followers(scene, quoted["id"])
    note["quoteAuthorization"] = stamp(scene.b, eve, note["id"], quoted["id"])
    await scene.from_ana(scene.create(note))
    path = note["quoteAuthorization"].removeprefix(scene.b.origin)
    assert asked_by(scene.b, path).startswith(scene.alice.uri) is knows
    assert await scene.shown(note) == "accepted"


async def test_D09_a_flood_of_quotes_is_settled_within_a_bound(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever quotes what does not exist yet, over and over, does not stop us when it comes."""
    monkeypatch.setattr(quotes, "_WAITING", quotes._WAITING.limit(2))
    path = "/notes/later"
    notes = [quoting(scene.b, scene.ana, scene.b.url(path)) for _ in range(4)]
    await scene.from_ana(*(scene.create(one) for one in notes))
    await scene.from_ana(scene.create(scene.b.note(scene.ana, path)))
    states = [await scene.state(one) for one in notes]
    assert states == [QuoteState.PENDING] * 2 + [QuoteState.ACCEPTED] * 2


async def test_O12_a_flood_of_forged_consent_does_not_save_a_quote(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "_BY_AUTHORIZATION", quotes._BY_AUTHORIZATION.limit(2))
    quoted = scene.e.note(scene.mallory, interactionPolicy=ANYBODY)
    forged = [quoting(scene.b, scene.ana, quoted["id"]) for _ in range(3)]
    genuine = quoting(scene.b, scene.ana, quoted["id"])
    consent = stamp(scene.e, scene.mallory, genuine["id"], quoted["id"])
    for note in (*forged, genuine):
        note["quoteAuthorization"] = consent
        await scene.from_ana(scene.create(note))
    assert await scene.shown(genuine) == "accepted"
    await scene.from_mallory(scene.e.activity(scene.mallory, "Delete", consent))
    assert await scene.state(genuine) is QuoteState.REVOKED
