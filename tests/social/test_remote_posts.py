"""Posts of other servers: what is kept, who may read it, and where answers belong."""

from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Kind
from domain.ids import HERE, time_of
from domain.kinds import ActorType, NotificationKind
from storage.queries import posts as rows
from storage.queries.origins import remember_application
from storage.views.posts import visible
from storage.views.threads import thread
from tests.social.writers import FAR, HOMES, Far, far
from tests.support.factories import (
    NODE,
    add_actor,
    add_community,
    add_follow,
    add_membership,
    add_post,
    add_sister,
    guest,
    member,
)
from tests.support.stranger import PUBLIC

__all__ = ["far"]

pytestmark = pytest.mark.both


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_O18_public_in_every_spelling(far: Far, spelling: str) -> None:
    listed = far.taken(far.zoe, to=[spelling])
    quiet = far.taken(far.zoe, to=[far.actor(far.zoe).followers], cc=spelling)
    assert far.sees(ANONYMOUS, listed)
    assert far.sees(ANONYMOUS, quiet)
    assert (far.row(listed).quiet, far.row(quiet).quiet) == (False, True)


def test_followers_posts_are_for_followers_and_those_named(far: Far) -> None:
    followers = far.actor(far.zoe).followers
    post = far.taken(far.zoe, to=[followers], cc=[])
    assert far.row(post).audience == Audience.followers(far.zoe)
    assert far.sees(member(far.ana), post)
    assert not far.sees(member(far.bo), post)
    named = far.named(far.gina)
    both = far.taken(far.zoe, **(named | {"to": [followers, *named["to"]]}))
    assert far.sees(guest(far.gina), both)
    assert not far.sees(member(far.bo), both)


def test_direct_posts_are_for_those_addressed(far: Far) -> None:
    post = far.taken(far.zoe, **far.named(far.bo))
    assert far.row(post).audience == Audience.direct()
    assert far.sees(member(far.bo), post)
    assert not far.sees(member(far.ana), post)
    assert far.told(far.bo) == [(NotificationKind.MENTION, post)]
    assert far.tx.all(HOMES, post_id=post) == []


def test_O18_an_unknown_addressee_is_nobody(far: Far) -> None:
    others = "https://other.example/users/x/followers"
    unknown: dict[str, Any] = {"to": [others, far.actor(far.yan).followers], "cc": []}
    assert far.take(far.zoe, **unknown) is None
    post = far.taken(far.zoe, wanted=True, **unknown)
    assert far.row(post).audience == Audience.direct()
    assert not far.sees(member(far.ana), post)


def test_O19_named_only_in_a_tag_is_no_right_to_read(far: Far) -> None:
    tag = [{"type": "Mention", "href": far.actor(far.bo).uri}]
    hidden = {"bto": [far.actor(far.bo).uri], "bcc": [PUBLIC]}
    post = far.taken(far.zoe, to=[far.actor(far.zoe).followers], cc=[], tag=tag, **hidden)
    assert not far.sees(member(far.bo), post)
    assert far.told(far.bo) == []
    assert far.sees(member(far.ana), post)
    addressed = far.named(far.ana) | {"tag": []}
    silent = far.taken(far.zoe, **addressed)
    view = visible(far.tx, silent, member(far.ana))
    assert [actor.handle for actor in view.silent] == ["ana"]
    assert far.told(far.ana) == []


def test_O01_O07_a_post_lies_on_its_author_s_server(far: Far) -> None:
    ours = far.note(far.zoe, id=f"{NODE.origin}/o/1")
    third = far.note(far.zoe, id="https://third.example/1")
    other = far.note(far.zoe, attributedTo=far.actor(far.yan).uri)
    of_ours = far.note(far.zoe, attributedTo=far.actor(far.ana).uri)
    for document in (ours, third, other, of_ours):
        assert far.take(far.zoe, document) is None
        assert rows.by_uri(far.tx, document["id"]) is None
    local = far.note(far.ana, id=f"{NODE.origin}/o/2")
    assert far.take(far.ana, local) is None
    assert far.take(far.zoe) is not None


def test_what_concerns_nobody_here_is_not_kept(far: Far) -> None:
    assert far.take(far.yan) is None
    assert far.take(far.yan, wanted=True) is not None
    assert far.take(far.yan, **far.named(far.bo)) is not None
    assert far.take(far.yan, tag=[{"type": "Mention", "href": far.actor(far.bo).uri}]) is not None
    mine = add_post(far.tx, far.ana, Audience.public())
    assert far.take(far.yan, inReplyTo=far.row(mine).uri) is not None
    followed = far.taken(far.zoe)
    assert far.take(far.yan, inReplyTo=far.row(followed).uri) is not None
    stranger = far.taken(far.yan, wanted=True)
    assert far.take(far.yan, inReplyTo=far.row(stranger).uri) is None


def test_taking_a_post_twice_has_one_effect(far: Far) -> None:
    document = far.note(far.zoe, **far.named(far.ana))
    first = far.take(far.zoe, document)
    assert far.take(far.zoe, document) == first
    assert len(far.told(far.ana)) == 1
    assert far.take(far.yan, document | {"attributedTo": far.actor(far.yan).uri}) is None


def test_homes_and_streams_get_what_was_sent_and_not_what_was_fetched(far: Far) -> None:
    sent, fetched = far.taken(far.zoe), far.taken(far.zoe, wanted=True)
    assert far.tx.all(HOMES, post_id=sent) == [(far.ana,)]
    assert far.tx.all(HOMES, post_id=fetched) == []


def test_an_answer_that_overtook_comes_home_with_what_it_answers(far: Far) -> None:
    root = far.note(far.zoe)
    answer = far.taken(far.zoe, inReplyTo=root["id"])
    strange = far.note(far.yan)
    other = far.taken(far.zoe, inReplyTo=strange["id"])
    assert far.tx.all(HOMES, post_id=answer) == []
    far.taken(far.zoe, document=root)
    assert far.tx.all(HOMES, post_id=answer) == [(far.ana,)]
    far.taken(far.yan, document=strange, wanted=True)
    assert far.row(other).reply_to_author_id == far.yan
    assert far.tx.all(HOMES, post_id=other) == [], "Ana does not follow whom it answers"


def test_a_post_that_was_fetched_before_it_came_is_news_when_it_comes(far: Far) -> None:
    document = far.note(far.zoe, **far.named(far.ana))
    post = far.take(far.zoe, document, wanted=True)
    assert post is not None
    assert far.tx.all(HOMES, post_id=post) == []
    assert far.told(far.ana) == []
    for _ in range(2):
        assert far.take(far.zoe, document) == post
    assert far.tx.all(HOMES, post_id=post) == [(far.ana,)]
    assert far.told(far.ana) == [(NotificationKind.MENTION, post)]


def test_times_are_never_ahead_and_ids_follow_them(far: Far) -> None:
    old = far.taken(far.zoe, published="2020-01-01T00:00:00Z")
    ahead = far.taken(far.zoe, published="2120-01-01T00:00:00Z")
    assert time_of(old) == far.row(old).created_at == 1_577_836_800_000
    assert far.row(ahead).created_at == far.tx.now
    assert time_of(ahead) < 4_000_000_000_000


def test_kinds_with_a_title_show_it_and_links_are_kept(far: Far) -> None:
    post = far.taken(
        far.zoe,
        type="Article",
        name="On <lifting>",
        attachment=[{"type": "Link", "href": f"{FAR}/cats", "name": "all cats"}],
    )
    row, content = far.row(post), far.row(post).content
    assert row.title == "On <lifting>"
    assert content.startswith("<p>words</p>")
    assert f'href="{FAR}/cats"' in content
    assert ">all cats</a>" in content


# Answers.


def test_an_answer_is_met_with_its_root(far: Far) -> None:
    root = add_post(far.tx, far.ana, Audience.followers(far.ana))
    add_follow(far.tx, far.zoe, far.ana)
    answer = far.taken(far.zoe, inReplyTo=far.row(root).uri)
    row = far.row(answer)
    assert (row.audience, row.root_audience) == (Audience.followers(far.ana),) * 2
    assert (row.reply_to_id, row.root_id) == (root, root)
    assert not far.sees(member(far.bo), answer)
    assert far.sees(member(far.ana), answer)


def test_O11_an_answer_to_what_its_author_cannot_see_is_an_answer_to_nothing(far: Far) -> None:
    hidden = add_post(far.tx, far.ana)
    secret = add_post(far.tx, far.ana, Audience.direct(), named=(far.bo,))
    here = [far.row(hidden).uri, far.row(secret).uri, f"{NODE.origin}/o/4711"]
    for uri in here:
        assert far.take(far.zoe, inReplyTo=uri, **far.named(far.ana)) is None
    assert far.row(hidden).replies_count == 0
    assert far.told(far.ana) == []
    opened = add_post(far.tx, far.ana, Audience.public())
    assert far.take(far.zoe, inReplyTo=far.row(opened).uri) is not None
    assert far.row(opened).replies_count == 1


def test_answers_wait_for_what_they_answer(far: Far) -> None:
    parent, middle = far.note(far.zoe), far.note(far.zoe)
    middle["inReplyTo"] = parent["id"]
    last = far.taken(far.zoe, inReplyTo=middle["id"])
    assert far.row(last).reply_to_uri == middle["id"]
    assert far.row(last).root_id == last
    middle_id = far.take(far.zoe, middle)
    assert middle_id is not None
    assert (far.row(last).reply_to_id, far.row(last).root_id) == (middle_id, middle_id)
    assert far.row(last).reply_to_uri is None
    parent_id = far.take(far.zoe, parent)
    assert parent_id is not None
    assert {far.row(post).root_id for post in (last, middle_id, parent_id)} == {parent_id}
    assert [far.row(post).replies_count for post in (parent_id, middle_id)] == [1, 1]
    above, below, _, _ = thread(far.tx, middle_id, ANONYMOUS)
    assert [view.id for view in above] == [parent_id]
    assert [view.id for view in below] == [last]


def test_a_late_parent_narrows_its_thread(far: Far) -> None:
    """The answer said Public, but what it answers is for followers."""
    parent = far.note(far.zoe, to=[far.actor(far.zoe).followers], cc=[])
    answer = far.taken(far.zoe, inReplyTo=parent["id"])
    assert far.sees(ANONYMOUS, answer)
    parent_id = far.take(far.zoe, parent)
    assert far.row(answer).root_id == parent_id
    assert not far.sees(ANONYMOUS, answer)
    assert not far.sees(member(far.bo), answer)
    assert far.sees(member(far.ana), answer)
    assert far.row(parent_id or 0).replies_count == 1


def test_a_late_parent_never_opens_what_stands_below(far: Far) -> None:
    """Design §1, rule 8: what the waiting root kept closed stays closed under a public one."""
    add_follow(far.tx, far.bo, far.yan)
    parent = far.note(far.zoe)
    closed = far.taken(far.yan, inReplyTo=parent["id"], to=[far.actor(far.yan).followers], cc=[])
    below = add_post(
        far.tx,
        far.bo,
        Audience.public(),
        root=closed,
        root_audience=far.row(closed).audience,
        root_author=far.yan,
        reply_to_id=closed,
    )
    assert not far.sees(member(far.ana), below)
    parent_id = far.take(far.zoe, parent)
    assert far.row(closed).root_id == parent_id
    assert far.row(below).root_id == closed
    assert not far.sees(member(far.ana), below)
    assert not far.sees(ANONYMOUS, closed)
    assert far.sees(member(far.bo), closed)


def test_who_may_not_read_the_late_parent_goes_on_waiting(far: Far) -> None:
    add_follow(far.tx, far.bo, far.yan)
    parent = far.note(far.zoe, **far.named(far.ana))
    answer = far.taken(far.yan, inReplyTo=parent["id"])
    parent_id = far.take(far.zoe, parent)
    assert parent_id is not None
    assert far.row(answer).reply_to_uri == parent["id"]
    assert far.row(answer).reply_to_id is None
    assert far.row(parent_id).replies_count == 0


# Networks and communities.


def test_a_sister_s_network_is_for_full_members_here(far: Far) -> None:
    application = add_actor(
        far.tx, "node", origin_id=far.origin, base=FAR, type=ActorType.APPLICATION
    )
    remember_application(far.tx, far.origin, application)
    network: dict[str, Any] = {"to": [far.actor(application).followers], "cc": []}
    assert far.take(far.yan, **network) is None
    add_sister(far.tx, far.origin, since=0)
    post = far.taken(far.yan, **network)
    assert far.row(post).audience == Audience.network(far.origin)
    assert far.sees(member(far.bo), post)
    assert not far.sees(guest(far.gina), post)
    assert not far.sees(ANONYMOUS, post)
    answered = add_post(far.tx, far.ana)
    reply = far.taken(far.yan, inReplyTo=far.row(answered).uri)
    assert far.row(reply).audience == Audience.network(HERE)


def test_what_is_said_in_a_community_is_for_it_to_take_in(far: Far) -> None:
    """Addressed past the community's own way, it is nobody's (`tests/social/test_gathering.py`)."""
    club = add_community(far.tx, "club")
    add_membership(far.tx, club, far.bo)
    add_membership(far.tx, club, far.yan)
    uri = far.actor(club).uri
    assert far.take(far.yan, to=[uri], cc=[], audience=uri) is None
    outsider = far.taken(far.zoe, to=[uri], cc=[], audience=uri, wanted=True)
    assert far.row(outsider).kind is Kind.DIRECT
    assert not far.sees(member(far.bo), outsider)
    said = add_post(far.tx, far.bo, Audience.community(club), place_id=club)
    assert far.take(far.yan, inReplyTo=far.row(said).uri) is None
