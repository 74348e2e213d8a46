"""What a community passes on: to whom, with which cards, in which order, and no longer than due."""

from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from sqlalchemy import bindparam, select, update

from activitypub.synchronization import digest, parse
from domain.audience import Audience
from domain.kinds import DeliveryState, History, MembershipState, RuleAction, Way
from domain.reactions import Reaction
from outbox import communities as out
from outbox.deliver import Pace, settle_and_claim
from social import reactions, storing
from social.cards import make
from social.keys import store_keys
from storage.queries import communities, deliveries, proven
from storage.queries.deliveries import Delivery
from storage.queries.disclosures import is_disclosed
from storage.queries.likes import Liked
from storage.queries.origins import set_rule
from storage.tables.actors import actors
from storage.tables.posts import copies
from storage.tables.traffic import deliveries as delivery_rows
from storage.tx import Tx
from storage.views.posts import for_delivery
from tests.social.people import KEYS
from tests.support.clubs import LAB, OPEN, PLAIN, Club, Guild
from tests.support.factories import NODE, add_membership, add_post, add_remote, origin_of

pytestmark = pytest.mark.both

FAR = "https://far.example"
_KEYS = select(delivery_rows.c.order_key)
_COPIES = select(copies.c.inbox).where(copies.c.post_id == bindparam("post_id"))
_NAME = update(actors).where(actors.c.id == bindparam("key")).values(name=bindparam("name"))
_AGE = update(delivery_rows).values(created_at=0)


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


def card(club: Club, actor: int, name: str = "Ana") -> None:
    """Somebody's card, as it would be made now that this is their name."""
    club.tx.run(_NAME, key=actor, name=name)
    make(club.tx, OPEN, club.id, actor)


def told(document: Any) -> list[str]:
    return [one["tertulia:of"] for one in document.get("tertulia:cards", [])]


# To whom.


def test_once_to_each_node_with_a_member_who_may_read(club: Club) -> None:
    add_membership(club.tx, club.id, add_remote(club.tx, "fay", FAR), way=Way.NODE)
    gone = add_remote(club.tx, "gus", "https://gone.example", gone_at=1)
    add_membership(club.tx, club.id, gone, way=Way.NODE)
    ended = add_remote(club.tx, "eli", "https://ended.example")
    add_membership(club.tx, club.id, ended, way=Way.NODE, until=club.tx.now)
    asked = add_remote(club.tx, "ada", "https://asked.example")
    add_membership(club.tx, club.id, asked, way=Way.NODE, state=MembershipState.REQUESTED)
    row = club.write(club.ana)
    [(_, inboxes)] = club.announced()
    assert inboxes == {f"{LAB}/inbox", f"{FAR}/inbox"}
    assert {inbox for (inbox,) in club.tx.all(_COPIES, post_id=row.id)} >= inboxes


def test_O16_nothing_goes_to_a_domain_that_is_not_talked_to(club: Club) -> None:
    set_rule(club.tx, "lab.example", RuleAction.BLOCK, "")
    club.write(club.ana)
    [(_, inboxes)] = club.announced()
    assert inboxes == set()


def test_an_old_thread_is_nothing_for_who_joined_later(tx: Tx) -> None:
    club = Club(tx, History.SINCE_JOINING)
    for member in (club.cy, club.kim):
        row = communities.member(tx, club.id, member)
        assert row is not None
        communities.put_member(tx, replace(row, since=tx.now))
    old, young = club.said(club.ana, created_at=tx.now - 5), club.said(club.ana)
    for post in (old, young):
        reactions.like(tx, node=OPEN, actor_id=club.ana, post_id=post)
    assert [inboxes for _, inboxes in club.announced()] == [set(), {f"{LAB}/inbox"}]


def test_running_the_job_again_changes_nothing(club: Club) -> None:
    club.write(club.ana)
    first = club.announced()
    count = len(club.tx.all(_KEYS))
    assert club.announced() == first
    assert len(club.tx.all(_KEYS)) == count


def test_the_newest_words_are_kept_for_late_members(club: Club) -> None:
    row = club.write(club.ana)
    club.announced()
    first = proven.body_of(club.tx, row.id)
    assert first is not None
    out.edited(club.tx, node=OPEN, community=club.actor, post=for_delivery(club.tx, row.id))
    club.announced()
    second = proven.body_of(club.tx, row.id)
    assert second is not None
    kinds = [orjson.loads(body)["type"] for body in (first, second)]
    assert kinds == ["Create", "Update"]
    view = for_delivery(club.tx, row.id)
    storing.remove(club.tx, row)
    out.deleted(club.tx, node=OPEN, community=club.actor, post=view)
    club.announced()
    assert proven.body_of(club.tx, row.id) is None


# Cards and disclosure.


def test_a_node_is_given_a_card_once_and_again_when_it_changed(club: Club) -> None:
    uri = club.view(club.ana).uri
    store_keys(club.tx, actor_id=club.ana, uri=uri, keys=KEYS)
    card(club, club.ana)
    for _ in range(2):
        club.write(club.ana)
    club.announced()
    card(club, club.ana, "Ana Maria")
    club.write(club.ana)
    found = [document for document, _ in club.announced()]
    assert [told(one) for one in found] == [[uri], [], [uri]]
    given: Any = found[0]["tertulia:cards"]
    assert given[0]["tertulia:key"] == {"id": f"{uri}#ed25519-key", "publicKeyMultibase": "z6Mk"}


def test_cards_name_who_acts_whose_post_it_is_and_who_is_named(club: Club) -> None:
    fay = add_remote(club.tx, "fay", FAR)
    add_membership(club.tx, club.id, fay, way=Way.NODE)
    for one in (club.ana, club.kim, fay):
        card(club, one)
    club.write(club.ana, "@club @kim@lab.example hello")
    [(document, _)] = club.announced()
    assert set(told(document)) == {club.view(club.ana).uri, club.view(club.kim).uri}


def test_disclosure_is_recorded_for_the_nodes_that_get_it(club: Club) -> None:
    assert not is_disclosed(club.tx, club.ana, club.lab)
    club.write(club.ana)
    club.announced()
    assert is_disclosed(club.tx, club.ana, club.lab)
    assert is_disclosed(club.tx, club.id, club.lab)
    assert not is_disclosed(club.tx, club.bo, club.lab)
    assert not is_disclosed(club.tx, club.ana, origin_of(club.tx, PLAIN))


# Words on behalf of members on plain servers.


def plain_post(club: Club, **values: Any) -> Any:
    post = club.said(club.dee, source=None, **values)
    return club.row(post)


def test_what_a_plain_member_says_is_the_communitys_own_word(club: Club) -> None:
    row = plain_post(club)
    wrapper = storing.wrap(
        club.tx, row, community=club.actor, uri=None, announced_at=row.created_at, node=OPEN
    )
    out.took_in(club.tx, node=OPEN, community=club.actor, subject_post=row, wrapper_id=wrapper)
    dee = club.view(club.dee).uri
    [(announce, _)] = club.announced()
    create: Any = announce["object"]
    assert (create["type"], create["actor"]) == ("Create", club.uri)
    assert create["object"]["attributedTo"] == club.uri
    assert create["object"]["tertulia:onBehalfOf"] == dee
    assert create["object"]["id"] == row.uri
    assert create["audience"] == create["object"]["audience"] == club.uri
    out.took_in(club.tx, node=OPEN, community=club.actor, subject_post=row)
    storing.remove(club.tx, row)
    out.took_in(club.tx, node=OPEN, community=club.actor, subject_post=club.row(row.id))
    kinds = [document["object"]["type"] for document, _ in club.announced()]  # type: ignore[index]
    assert kinds == ["Create", "Delete"], "an Update of what is gone is not passed on"


def test_a_plain_members_like_is_told_in_the_communitys_words(club: Club) -> None:
    post = club.row(club.said(club.ana))
    dee = club.view(club.dee)
    shared: dict[str, Any] = {"node": OPEN, "community": club.actor, "actor": dee, "post": post}
    out.liked(club.tx, like=Liked(OPEN.activity(7), Reaction()), **shared)
    out.unliked(club.tx, like=Liked(OPEN.activity(7), Reaction()), **shared)
    like, undo = (document["object"] for document, _ in club.announced())
    for one in (like, undo, undo["object"]):  # type: ignore[index]
        assert (one["actor"], one["tertulia:onBehalfOf"]) == (club.uri, dee.uri)  # type: ignore[index]


# In which order, and how long.


def keys(club: Club) -> list[str]:
    """The order keys of what waits for lab."""
    return [key for (key,) in club.tx.all(_KEYS) if key.startswith(f"{club.lab} ")]


def test_everything_for_a_node_goes_in_one_order(club: Club) -> None:
    club.write(club.ana)
    club.write(club.ana)
    club.announced()
    assert keys(club) == [f"{club.lab} {club.uri}"] * 2


def due(club: Club) -> list[Delivery]:
    """What the sender takes now for lab, after more than a second of waiting."""
    club.tx.run(_AGE)
    found = settle_and_claim(club.tx, node=OPEN, pace=Pace(), outcomes=(), room=50)
    return [one for one in found if one.origin_id == club.lab]


def end(club: Club, *members: int) -> None:
    for one in members:
        row = communities.member(club.tx, club.id, one)
        assert row is not None
        communities.put_member(club.tx, replace(row, state=MembershipState.REMOVED))


def test_the_members_there_are_told_by_a_digest_of_this_moment(club: Club) -> None:
    club.write(club.ana)
    club.announced()
    end(club, club.kim)
    [delivery] = due(club)
    said = parse(delivery.collection)
    assert said is not None
    assert (said.collection, said.url) == (club.followers, f"{club.followers}_sync")
    assert said.digest == digest([club.view(club.cy).uri])
    assert delivery.inbox == f"{LAB}/inbox"


def test_G57_nothing_is_sent_where_nobody_belongs_any_more(club: Club) -> None:
    club.write(club.ana)
    club.announced()
    end(club, club.cy, club.kim)
    assert due(club) == []
    assert keys(club) == [], "it is not kept either"


def test_G57_a_deleted_post_is_not_sent_but_its_deletion_is(club: Club) -> None:
    row = club.write(club.ana)
    club.announced()
    view = for_delivery(club.tx, row.id)
    storing.remove(club.tx, row)
    out.deleted(club.tx, node=OPEN, community=club.actor, post=view)
    club.announced()
    kinds = [orjson.loads(one.body)["object"]["type"] for one in due(club)]
    assert kinds == [], "the first of one order was taken back in this very turn"
    [delivery] = due(club)
    assert orjson.loads(delivery.body)["object"]["type"] == "Delete"


def test_G57_words_handed_in_end_with_the_membership(club: Club) -> None:
    guild = Guild(club)
    post = guild.write()
    [(create, reach)] = guild.handed_in()
    activity_id = int(str(create["id"]).rpartition("/")[2])
    inboxes = deliveries.inboxes_of_actors(club.tx, reach["actors"], personal=True)
    numbered = [(post + 1, inbox) for inbox in inboxes]
    deliveries.insert_deliveries(club.tx, activity_id, numbered, subject=reach["subject"])
    [delivery] = due(club)
    assert delivery.collection == "", "only a community tells who is a member"
    club.tx.run(update(delivery_rows).values(lease_until=0, state=DeliveryState.WAITING))
    row = communities.member(club.tx, guild.id, club.ana)
    assert row is not None
    communities.put_member(club.tx, replace(row, state=MembershipState.REMOVED))
    assert due(club) == []


def test_somebody_known_from_a_card_alone_is_sent_nothing(club: Club) -> None:
    known = add_remote(club.tx, "hope", FAR, inbox="", shared_inbox=None, fetched_at=0)
    assert deliveries.inboxes_of_actors(club.tx, [known, club.cy]) != []
    assert deliveries.inboxes_of_actors(club.tx, [known]) == []


def test_what_stays_on_this_node_is_not_announced(club: Club) -> None:
    post = add_post(club.tx, club.ana, Audience.node(1), place_id=club.id)
    out.took_in(club.tx, node=NODE, community=club.actor, subject_post=club.row(post))
    assert club.announced() == []
