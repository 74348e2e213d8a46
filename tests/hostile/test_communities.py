"""A members-only community, looked at by those who should not: what each of them gets is nothing.

Ana and her club live here; Cy and Kim are members on another node, Dee on a plain server, Lee left,
Zed of their node never asked, Bo is a colleague here who does not belong.
"""

from typing import Any

import orjson
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from activitypub.parse.cards import CardDocument
from activitypub.vocabulary import ON_BEHALF_OF
from domain.audience import ANONYMOUS, Viewer
from domain.choices import Choice
from domain.errors import Invalid, NotFound
from domain.kinds import MembershipState, Preset, Way
from social import cards, gathering, reactions
from social.announced import refused
from social.keys import rotate_keys, store_keys
from social.placing import Draft
from social.posts import create_post
from storage.queries import actors, communities, likes, posts
from storage.queries.disclosures import is_disclosed
from storage.tables.traffic import activities
from storage.tx import Tx
from storage.views import people
from storage.views.actors import ActorView
from storage.views.named import named_in
from tests.social.belonging import Story
from tests.social.people import KEYS
from tests.social.test_commands import say
from tests.social.test_keys import NEW
from tests.support.clubs import OPEN, PUBLIC, Club, Guild
from tests.support.factories import add_community, add_person, guest, member
from web.actors.cards import shown_cards
from web.actors.data_flow import shown_data_flow
from web.actors.documents import shown_activity, shown_post

pytestmark = pytest.mark.both

_IDS = select(activities.c.id, activities.c.body).order_by(activities.c.id)


@pytest.fixture
def club(tx: Tx) -> Club:
    return Club(tx)


def remote(actor: ActorView) -> Viewer:
    return Viewer.remote(actor.id, actor.origin_id)


def stand(club: Club, actor: int, **changes: Any) -> None:
    row = communities.member(club.tx, club.id, actor)
    assert row is not None
    communities.put_member(club.tx, replace(row, **changes))


def set_up(club: Club, **changes: Any) -> None:
    row = communities.by_id(club.tx, club.id)
    assert row is not None
    communities.update_community(club.tx, replace(row, **changes))


# What other servers ask for.


@pytest.mark.interop("cards", "out", "for nodes with a member, nobody else", peer="our nodes")
@pytest.mark.interop("data_flow", "out", "for nodes with a member, nobody else", peer="our nodes")
def test_P01_rule_08_plain_servers_get_neither_cards_nor_the_data_flow(club: Club) -> None:
    ana = club.view(club.ana).uri

    def ask(signer: int) -> object:
        who = club.view(signer)
        return shown_cards(club.tx, node=OPEN, actor_id=club.id, signer=who, of=ana)

    def flow(signer: int) -> object:
        return shown_data_flow(club.tx, actor_id=club.id, signer=club.view(signer))

    assert ask(club.cy)
    assert flow(club.cy)
    for nobody in (club.dee, club.lee, club.zed):
        with pytest.raises(NotFound):
            ask(nobody)
        with pytest.raises(NotFound):
            flow(nobody)
    stand(club, club.cy, until=club.tx.now)
    with pytest.raises(NotFound):
        ask(club.cy)


def test_T3_rule_08_announces_and_words_are_for_members_on_our_nodes(club: Club) -> None:
    row = club.write(club.ana)
    club.announced()
    ids = [one for one, body in club.tx.all(_IDS) if orjson.loads(body)["type"] != "Note"]
    assert ids

    def read(viewer: Viewer) -> int:
        found = 0
        for one in ids:
            try:
                shown_activity(club.tx, activity_id=one, viewer=viewer)
            except NotFound:
                continue
            found += 1
        return found

    assert read(remote(club.view(club.cy))) == 2, "the Create and its Announce"
    for who in (club.dee, club.lee, club.zed):
        assert read(remote(club.view(who))) == 0
        with pytest.raises(NotFound):
            shown_post(club.tx, node=OPEN, post_id=row.id, viewer=remote(club.view(who)))
    assert read(ANONYMOUS) == 0
    assert read(Viewer.node(club.lab)) == 0, "G50: the node itself is no member"
    assert shown_post(club.tx, node=OPEN, post_id=row.id, viewer=remote(club.view(club.cy)))


def test_G55_who_left_learns_no_more_of_who_likes_the_own_words(club: Club) -> None:
    note = club.note(club.cy)
    assert club.create(club.cy, note) is None
    row = club.known(str(note["id"]))
    assert row is not None
    reactions.like(club.tx, node=OPEN, actor_id=club.ana, post_id=row.id)
    [(announce, _)] = [one for one in club.announced() if one[0]["object"]["type"] == "Like"]  # type: ignore[index]
    number = int(str(announce["id"]).rpartition("/")[2])
    cy = remote(club.view(club.cy))
    assert shown_activity(club.tx, activity_id=number, viewer=cy)
    stand(club, club.cy, state=MembershipState.REMOVED)
    with pytest.raises(NotFound):
        shown_activity(club.tx, activity_id=number, viewer=cy)


# Who belongs, told by figures.


def test_G05_no_figure_tells_how_many_belong(club: Club) -> None:
    set_up(club, listed=True)
    for one in (club.ana, club.cy):
        actors.recount_follows(club.tx, one, club.id)
    for viewer in (member(club.bo), member(club.ana)):
        assert people.person(club.tx, viewer, club.id).followers_count == 0


def test_P10_a_hidden_community_is_gone_for_a_guest_when_the_end_comes(club: Club) -> None:
    set_up(club, listed=False)
    assert people.person(club.tx, guest(club.ana), club.id).id == club.id
    stand(club, club.ana, until=club.tx.now)  # the row is closed up to a minute later
    with pytest.raises(NotFound):
        people.person(club.tx, guest(club.ana), club.id)
    with pytest.raises(NotFound):
        people.person(club.tx, member(club.ana), club.id)


# What members forge.

HIDDEN_ADDRESSES: dict[str, dict[str, Any]] = {
    "in-a-tag": {"tag": [{"type": "Mention", "href": "https://x.example/a", "to": [PUBLIC]}]},
    "bcc": {"bcc": ["https://x.example/a"]},
    "in-a-file": {"attachment": [{"type": "Document", "url": "https://x.example/f", "cc": PUBLIC}]},
}


@pytest.mark.parametrize("name", sorted(HIDDEN_ADDRESSES))
def test_T1_addresses_deep_inside_are_judged_too(club: Club, name: str) -> None:
    note = club.note(club.cy, **HIDDEN_ADDRESSES[name])
    assert "others" in (club.create(club.cy, note) or "")
    assert club.known(str(note["id"])) is None
    assert club.announced() == []


def test_T5_members_speak_on_nobodys_behalf(club: Club) -> None:
    dee = club.view(club.dee).uri
    note = club.note(club.cy, **{ON_BEHALF_OF: dee})
    assert "yourself" in (club.create(club.cy, note) or "")
    assert club.known(str(note["id"])) is None
    row = club.write(club.ana)
    body = club.activity("Like", club.cy, row.uri) | {ON_BEHALF_OF: dee}
    refusal = gathering.take_like(
        club.tx,
        node=OPEN,
        community=club.actor,
        post_uri=row.uri,
        signer=club.view(club.cy),
        given=club.given(body),
    )
    assert refusal is not None
    assert club.row(row.id).likes_count == 0


def test_T5_a_card_takes_nobodys_name_whom_we_know(club: Club) -> None:
    guild, tx = Guild(club), club.tx
    kim = club.view(club.kim)

    def card(of: str, host: str, handle: str = "kim") -> CardDocument:
        named = {"of": of, "handle": handle, "host": host, "name": "Kim", "home": "Lab"}
        return CardDocument(**named, avatar=None, key_uri=None, key=None)

    def is_believed(told: CardDocument) -> bool:
        return cards.believed(tx, OPEN, guild.actor, told)

    assert not is_believed(card("https://evil.example/a/1", kim.domain)), "that is another Kim"
    assert not is_believed(card("https://evil.example/a/1", kim.domain, "KIM"))
    assert is_believed(card(kim.uri, kim.domain))
    assert is_believed(card("https://n9.example/a/1", "n9.example"))


def test_T5_what_one_community_tells_of_somebody_is_seen_in_no_other(club: Club) -> None:
    evil, tx = Guild(club), club.tx
    honest = add_community(tx, "choir", origin_id=club.lab, base="https://choir.example")
    of, told = "https://n9.example/a/1", {"avatar": None, "key_uri": None, "key": None}

    def card(host: str) -> CardDocument:
        return CardDocument(of=of, handle="zoe", host=host, name="Zoe", home="Nine", **told)

    cards.keep(tx, OPEN, evil.actor, [card("evil.example")], made_at=1)
    cards.keep(tx, OPEN, club.view(honest), [card("n9.example")], made_at=2)
    zoe = actors.by_uri(tx, of)
    assert zoe is not None
    [in_choir] = named_in(tx, honest, [zoe])
    [in_evil] = named_in(tx, evil.id, [zoe])
    assert (in_choir.domain, in_evil.domain) == ("n9.example", "evil.example")


def test_P01_naming_somebody_in_a_community_discloses_no_outsider(club: Club) -> None:
    ana, bo = club.view(club.ana), club.view(club.bo)
    tags = [{"type": "Mention", "href": one.uri, "name": "@x"} for one in (ana, bo)]
    note = club.note(club.cy, tag=tags)
    assert club.create(club.cy, note) is None
    row = club.known(str(note["id"]))
    assert row is not None
    club.announced()
    assert is_disclosed(club.tx, ana.id, club.lab)
    assert not is_disclosed(club.tx, bo.id, club.lab), "G07"
    assert set(posts.named_in(club.tx, row.id)) == {ana.id}
    assert club.told(bo.id) == []


def test_T1_a_Delete_for_the_world_is_not_passed_on(club: Club) -> None:
    note = club.note(club.cy)
    assert club.create(club.cy, note) is None
    club.announced()
    body = club.activity("Delete", club.cy, {"id": note["id"], "type": "Tombstone"})

    def delete(**how: Any) -> str | None:
        return gathering.take_delete(
            club.tx,
            node=OPEN,
            community=club.actor,
            uri=str(note["id"]),
            signer=club.view(club.cy),
            given=club.given(body | how.pop("more", {}), **how),
        )

    assert delete(cc=(PUBLIC,)) is not None
    assert delete(more={"cc": [PUBLIC]}) is not None
    row = club.known(str(note["id"]))
    assert row is not None
    assert row.deleted_at is None
    assert delete() is None


def test_a_like_that_is_not_taken_in_is_answered(club: Club) -> None:
    row = club.write(club.ana)

    def take(who: int) -> str | None:
        body = club.activity("Like", who, row.uri)
        return gathering.take_like(
            club.tx,
            node=OPEN,
            community=club.actor,
            post_uri=row.uri,
            signer=club.view(who),
            given=club.given(body),
        )

    assert take(club.zed) is not None
    assert club.sent("Reject") == [], "T4: a stranger gets no answer"
    assert take(club.kim) is None
    assert club.sent("Reject") == []
    stand(club, club.cy, state=MembershipState.REMOVED)
    assert take(club.cy) is not None
    [reject] = club.sent("Reject")
    assert reject["object"].startswith("https://lab.example/act/")  # type: ignore[attr-defined]


def test_a_like_that_the_community_refused_counts_no_more(club: Club) -> None:
    guild = Guild(club)
    post = guild.write()
    storing_row = club.row(post)
    posts.set_acceptance(club.tx, post, storing_row.acceptance.ACCEPTED)
    reactions.like(club.tx, node=OPEN, actor_id=guild.eve, post_id=post)
    uri = likes.uri_of(club.tx, guild.eve, post)
    assert uri is not None
    other = club.actor
    assert not refused(club.tx, node=OPEN, community=other, activity_uri=uri), "another community"
    assert club.row(post).likes_count == 1
    assert refused(club.tx, node=OPEN, community=guild.actor, activity_uri=uri)
    assert likes.uri_of(club.tx, guild.eve, post) is None
    assert club.row(post).likes_count == 0
    assert club.row(post).is_accepted, "the post itself stays"


# What stewards are made to say.


def test_F_a_namesake_elsewhere_is_not_taken_for_a_colleague(tx: Tx) -> None:
    story = Story(tx).launched()
    colleague = add_person(tx, "cy")
    cy = story.cy(ours=False)
    story.agree()
    story.asked(cy, Way.PLAIN)
    assert story.state(cy) is MembershipState.REQUESTED
    assert "whole name" in say(tx, story.ana, "approve @cy")
    assert story.state(cy) is MembershipState.REQUESTED
    assert "belongs to Safe lifting" in say(tx, story.ana, "approve @cy@far.example")
    assert "whole name" in say(tx, story.ana, "make @cy steward")
    story.invite(colleague)
    story.follow(colleague)
    assert story.state(colleague) is MembershipState.ACTIVE
    assert "Whom do you mean" in say(tx, story.ana, "remove @cy")


# What is told of a community to whom.


def test_T1_new_keys_of_a_community_are_told_to_those_who_hold_it(club: Club) -> None:
    tx = club.tx
    for actor_id in (club.id, club.ana):
        store_keys(tx, actor_id=actor_id, uri=club.view(actor_id).uri, keys=KEYS)
        rotate_keys(tx, node=OPEN, actor_id=actor_id, new=NEW)
    of_club, of_ana = club.sent("Update")
    assert of_club["to"] == [club.followers]
    assert of_ana["to"] == [club.view(club.ana).followers], "nobody said that she is public"
    assert PUBLIC not in str(of_club["to"])
    for document in (of_club, of_ana):
        assert "cc" not in document
    helper = actors.local_by_handle(tx, "tertulia")
    assert helper is not None
    store_keys(tx, actor_id=helper.id, uri=helper.uri, keys=KEYS)
    rotate_keys(tx, node=OPEN, actor_id=helper.id, new=NEW)
    assert club.sent("Update")[-1]["to"] == [PUBLIC], "whom anybody may ask for"


# Words that would go astray.


@pytest.mark.parametrize("choice", [Choice.PUBLIC, Choice.PRIVATE, Choice.UNLISTED])
def test_who_does_not_belong_and_names_a_closed_community_is_told(
    club: Club, choice: Choice
) -> None:
    set_up(club, listed=True)
    draft = Draft("@club our numbers are bad", visibility=choice)
    with pytest.raises(Invalid, match="club"):
        create_post(club.tx, node=OPEN, author_id=club.bo, draft=draft)
    set_up(club, listed=False)
    made = create_post(club.tx, node=OPEN, author_id=club.bo, draft=draft)
    assert "<a" not in club.row(made.post_id).content, "hidden: like a name that nobody has"
    set_up(club, listed=True, preset=Preset.HERE)
    create_post(club.tx, node=OPEN, author_id=club.bo, draft=draft)  # its words are for colleagues


def test_what_is_said_to_the_helper_may_name_any_community(club: Club) -> None:
    draft = Draft("@tertulia join @club", visibility=Choice.DIRECT)
    create_post(club.tx, node=OPEN, author_id=club.bo, draft=draft)
