"""GET of a relay note: its recipient's server, while the recipient is a member, and nobody else.

Rule 9 of private-groups-observed.md; rows G50, G51, G55 and G67 of the security catalogue.
"""

import pytest

from activitypub.vocabulary import JsonDict
from domain.audience import Viewer
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import MembershipState
from storage.queries import posts, relay_notes
from storage.queries.relay_notes import RelayNoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import add_block, member
from tests.support.plain import Gathered
from web.actors.documents import shown_activity
from web.actors.relay import shown_relay_note


@pytest.fixture
def g(tx: Tx) -> Gathered:
    return Gathered(tx)


def shown(g: Gathered, token: str, signer: ActorView | None) -> JsonDict | None:
    try:
        return shown_relay_note(g.tx, node=g.node, token=token, signer=signer)
    except NotFound:
        return None


def copy(g: Gathered) -> RelayNoteRow:
    return g.copy(g.relayed(), g.dee)


@pytest.mark.both
def test_rule_09_its_recipient_and_the_actors_of_that_server_get_it(g: Gathered) -> None:
    note = copy(g)
    document = shown(g, note.token, g.actor(g.dee))
    assert document is not None
    sent = g.sent(g.dee)[0].note
    assert {name: document[name] for name in sent} == sent
    assert shown(g, note.token, g.actor(g.eve)) == document  # fetches for Dee, as far as we know
    assert shown(g, note.token, g.actor(g.stranger)) == document


@pytest.mark.both
def test_G51_third_servers_our_own_people_and_nobody_get_nothing(g: Gathered) -> None:
    note = copy(g)
    for signer in (g.fay, g.cy, g.ana, g.community_id):
        assert shown(g, note.token, g.actor(signer)) is None
    assert shown(g, note.token, None) is None
    assert g.actor(g.ana).origin_id == HERE


@pytest.mark.both
@pytest.mark.parametrize(
    "state",
    [s for s in MembershipState if s is not MembershipState.ACTIVE],
    ids=[s.name.lower() for s in MembershipState if s is not MembershipState.ACTIVE],
)
def test_G55_and_G67_it_dies_with_the_membership(g: Gathered, state: MembershipState) -> None:
    note = copy(g)
    g.standing(g.dee, state)
    for signer in (g.dee, g.eve):  # Eve is a member, but this is not hers
        assert shown(g, note.token, g.actor(signer)) is None
    g.standing(g.dee, MembershipState.ACTIVE)
    assert shown(g, note.token, g.actor(g.dee)) is not None


def test_rule_09_a_server_that_fetches_for_strangers_gets_nothing(g: Gathered) -> None:
    note = copy(g)
    g.software(g.dee, "mastodon")
    assert shown(g, note.token, g.actor(g.dee)) is not None
    g.software(g.dee, "Takahe")
    assert shown(g, note.token, g.actor(g.dee)) is None


def test_rule_02_a_retired_note_a_deleted_post_and_a_guess_are_the_same(g: Gathered) -> None:
    note, other = copy(g), copy(g)
    relay_notes.retire(g.tx, note.id)
    posts.mark_deleted(g.tx, other.post_id)
    for token in (note.token, other.token, "", "x", "x" * 32, "x" * 10_000):
        assert shown(g, token, g.actor(g.dee)) is None


def test_it_says_what_the_post_says_now(g: Gathered) -> None:
    note = copy(g)
    posts.edit(
        g.tx, note.post_id, content="<p>mended</p>", source=None, summary="", sensitive=False,
        language=None, edited_at=g.tx.now,
    )  # fmt: skip
    document = shown(g, note.token, g.actor(g.dee))
    assert document is not None
    assert "mended" in str(document["content"])


def test_a_block_between_author_and_recipient_stops_new_notes_and_not_others(
    g: Gathered,
) -> None:
    first = copy(g)
    add_block(g.tx, g.dee, g.ana)
    post_id = g.relayed()
    assert relay_notes.live_copy(g.tx, post_id, g.dee, g.actor(g.dee).origin_id) is None
    assert relay_notes.live_copy(g.tx, post_id, g.eve, g.actor(g.eve).origin_id) is not None
    assert first.is_live


@pytest.mark.both
def test_rule_02_the_activity_of_a_note_is_shown_to_nobody(g: Gathered) -> None:
    copy(g)
    numbers = [int(one.body["id"].rpartition("/")[2]) for one in g.sent()]
    for who in (g.dee, g.eve, g.ana, g.cy):
        actor = g.actor(who)
        viewer = member(who) if actor.is_local else Viewer.remote(who, actor.origin_id)
        for number in numbers:
            with pytest.raises(NotFound):
                shown_activity(g.tx, activity_id=number, viewer=viewer)
