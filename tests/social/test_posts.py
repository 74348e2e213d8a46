"""Writing posts: where they go, who is told, what is counted."""

import pytest

from domain.audience import ANONYMOUS, Audience, Kind, Viewer
from domain.choices import Choice, Hint
from domain.errors import Invalid, NotFound
from domain.ids import HERE
from domain.kinds import NotificationKind
from social.posts import Change, delete_post, edit_post
from storage.queries.actors import by_id as actor
from storage.views.posts import visible
from tests.social.writers import HOMES, People, handles, people
from tests.support.factories import (
    NODE,
    add_block,
    add_community,
    add_follow,
    add_membership,
    add_post,
    add_share,
    add_sister,
    guest,
    member,
    origin_of,
)

__all__ = ["people"]

pytestmark = pytest.mark.both


@pytest.mark.parametrize(
    ("choice", "local_only", "pair", "quiet"),
    [
        (Choice.PUBLIC, False, Audience.network(HERE), False),
        (Choice.UNLISTED, False, Audience.network(HERE), True),
        (Choice.PUBLIC, True, Audience.node(HERE), False),
        (Choice.WORLD, False, Audience.public(), False),
        (Choice.DIRECT, False, Audience.direct(), False),
    ],
)
def test_a_choice_becomes_a_pair(
    people: People, choice: Choice, local_only: bool, pair: Audience, quiet: bool
) -> None:
    made = people.write(people.ana, "Hello", visibility=choice, local_only=local_only)
    row = people.row(made.post_id)
    assert (row.audience, row.root_audience, row.quiet) == (pair, pair, quiet)
    assert (row.root_id, row.root_author_id) == (row.id, people.ana)
    assert row.uri == f"https://here.example/o/{row.id}"


def test_private_is_for_followers_and_may_stay_here(people: People) -> None:
    made = people.write(people.ana, "Hello", visibility=Choice.PRIVATE)
    assert people.row(made.post_id).audience == Audience.followers(people.ana)
    kept = people.write(people.ana, "Hello", visibility=Choice.PRIVATE, local_only=True)
    row = people.row(kept.post_id)
    assert (row.audience, row.root_audience) == (
        Audience.followers(people.ana),
        Audience.node(HERE),
    )
    assert row.stays_here


def test_blank_and_long_texts_are_refused_with_clear_words(people: People) -> None:
    for text in ("", " \n "):
        with pytest.raises(Invalid, match="can't be blank"):
            people.write(people.ana, text)
    with pytest.raises(Invalid, match="limit of 5000 exceeded"):
        people.write(people.ana, "x" * 5001)
    with pytest.raises(Invalid, match="limit of 5000 exceeded"):
        people.write(people.ana, "x" * 3000, summary="y" * 2001)
    long = people.write(people.ana, "x" * 4000, summary="y" * 1000)
    assert people.row(long.post_id).summary == "y" * 1000
    address = "https://far.example/" + "a" * 300
    assert people.write(people.ana, f"{address} " + "x" * 4900).post_id


def test_markup_is_text(people: People) -> None:
    """H01 for what people type here."""
    made = people.write(people.ana, "<script>alert(1)</script> & <b>bold</b>")
    content = people.row(made.post_id).content
    assert "<script" not in content
    assert "&lt;script&gt;" in content


def test_a_guest_writes_to_people_only(people: People) -> None:
    with pytest.raises(Invalid, match="guest"):
        people.write(people.gina, "Hello")
    post = add_post(people.tx, people.bo, Audience.direct(), named=(people.gina,))
    made = people.write(people.gina, "@bo thanks", visibility=Choice.DIRECT, reply_to_id=post)
    view = visible(people.tx, made.post_id, member(people.bo))
    assert handles(view) == (["bo"], [])


def test_mentions_become_links_notices_and_rows(people: People) -> None:
    made = people.write(people.ana, "Hi @bo, @Cy@here.example and @nobody #Lifting #lifting")
    view = visible(people.tx, made.post_id, member(people.ana))
    assert handles(view) == (["bo", "cy"], [])
    assert view.row.content.count('class="u-url mention"') == 2
    assert "@nobody" in view.row.content
    assert [(tag.folded, tag.name) for tag in view.tags] == [("lifting", "Lifting")]
    for person in (people.bo, people.cy):
        assert people.told(person) == [(NotificationKind.MENTION, made.post_id)]
    assert people.told(people.ana) == []
    assert made.hints == ()


def test_G07_who_may_not_read_stays_plain_text_undelivered_and_the_author_is_told(
    people: People,
) -> None:
    made = people.write(people.ana, "Hi @gina and @zoe@far.example and @bo")
    view = visible(people.tx, made.post_id, member(people.ana))
    assert handles(view) == (["bo"], [])
    assert "@gina and @zoe@far.example" in view.row.content
    assert people.told(people.gina) == []
    assert made.hints == (Hint.NOT_READERS,)
    ((kind, notice),) = people.told(people.ana)
    assert kind is NotificationKind.NOTICE
    told = visible(people.tx, notice, member(people.ana))
    assert told.author.handle == "tertulia"
    assert "may not read this" in told.row.content
    assert view.row.url in told.row.content
    with pytest.raises(NotFound):
        visible(people.tx, notice, member(people.bo))


def test_G07_a_guest_who_names_a_colleague_and_one_who_names_nobody_see_the_same(
    people: People,
) -> None:
    first = people.write(people.gina, "Hi @bo", visibility=Choice.DIRECT)
    second = people.write(people.gina, "Hi @nobody", visibility=Choice.DIRECT)
    views = [visible(people.tx, made.post_id, guest(people.gina)) for made in (first, second)]
    assert [handles(view) for view in views] == [([], []), ([], [])]
    assert views[0].row.content.replace("bo", "nobody") == views[1].row.content
    assert first.hints == second.hints
    assert people.told(people.bo) == []


def test_a_direct_post_reaches_the_people_named(people: People) -> None:
    made = people.write(people.ana, "@zoe@far.example @gina secret", visibility=Choice.DIRECT)
    far = Viewer.remote(people.zoe, origin_of(people.tx, "https://far.example"))
    for viewer in (far, guest(people.gina), member(people.ana)):
        assert visible(people.tx, made.post_id, viewer).id == made.post_id
    for viewer in (member(people.bo), ANONYMOUS, Viewer.node(far.origin)):
        with pytest.raises(NotFound):
            visible(people.tx, made.post_id, viewer)
    (document,) = people.sent()
    assert document["type"] == "Create"
    to = document["to"]
    assert isinstance(to, list)
    assert "https://www.w3.org/ns/activitystreams#Public" not in to


def test_local_only_direct_posts_refuse_people_elsewhere(people: People) -> None:
    with pytest.raises(Invalid, match="another server"):
        people.write(people.ana, "@zoe@far.example x", visibility=Choice.DIRECT, local_only=True)
    assert people.write(people.ana, "@bo x", visibility=Choice.DIRECT, local_only=True).post_id


def test_nothing_leaves_of_what_stays_here(people: People) -> None:
    """P09: a follower elsewhere gets nothing of what is kept on this node."""
    add_follow(people.tx, people.zoe, people.ana)
    for choice in (Choice.PUBLIC, Choice.PRIVATE):
        made = people.write(people.ana, "here", visibility=choice, local_only=True)
        edit_post(
            people.tx,
            node=NODE,
            author_id=people.ana,
            post_id=made.post_id,
            change=Change(text="still here"),
        )
        delete_post(people.tx, node=NODE, author_id=people.ana, post_id=made.post_id)
    assert people.sent() == []
    people.write(people.ana, "for followers", visibility=Choice.PRIVATE)
    assert [document["type"] for document in people.sent()] == ["Create"]


def test_an_answer_keeps_its_root_and_never_reaches_further(people: People) -> None:
    root = add_post(people.tx, people.ana, Audience.followers(people.ana), named=(people.gina,))
    add_follow(people.tx, people.bo, people.ana)
    answer = people.write(people.bo, "@cy look", reply_to_id=root, visibility=Choice.PUBLIC)
    row = people.row(answer.post_id)
    assert row.audience == Audience.followers(people.ana)
    assert (row.root_id, row.root_author_id) == (root, people.ana)
    assert (row.reply_to_id, row.reply_to_author_id) == (root, people.ana)
    view = visible(people.tx, answer.post_id, guest(people.gina))
    assert handles(view) == ([], ["ana", "gina"])
    assert people.told(people.cy) == []
    assert people.told(people.gina) == []  # reads it, but nobody called
    with pytest.raises(NotFound):
        visible(people.tx, answer.post_id, member(people.cy))
    assert Hint.NOT_READERS in answer.hints


def test_answering_what_one_may_not_read_is_answering_nothing(people: People) -> None:
    secret = add_post(people.tx, people.ana, Audience.direct(), named=(people.bo,))
    for target in (secret, 4711):
        with pytest.raises(NotFound) as refusal:
            people.write(people.cy, "hello?", reply_to_id=target)
        assert refusal.value.message == "Record not found"
    assert people.write(people.bo, "yes", reply_to_id=secret, visibility=Choice.DIRECT).post_id


def test_answering_a_share_answers_what_is_shared(people: People) -> None:
    post = add_post(people.tx, people.ana)
    share = add_share(people.tx, people.bo, post)
    made = people.write(people.cy, "good", reply_to_id=share)
    assert people.row(made.post_id).reply_to_id == post


def test_answers_count_where_all_readers_may_read_them(people: People) -> None:
    post = people.write(people.ana, "question").post_id
    people.write(people.bo, "open answer", reply_to_id=post)
    assert people.row(post).replies_count == 1
    people.write(people.bo, "@ana aside", reply_to_id=post, visibility=Choice.DIRECT)
    people.write(people.bo, "aside", reply_to_id=post, visibility=Choice.PRIVATE)
    assert people.row(post).replies_count == 1
    second = people.write(people.cy, "too", reply_to_id=post).post_id
    assert people.row(post).replies_count == 2
    version = people.row(post).version
    delete_post(people.tx, node=NODE, author_id=people.cy, post_id=second)
    assert people.row(post).replies_count == 1
    assert people.row(post).version > version


def test_only_what_the_world_may_read_counts_for_its_author(people: People) -> None:
    """Protocol §8: nobody counts what somebody writes at work."""
    people.write(people.ana, "inside")
    people.write(people.ana, "followers", visibility=Choice.PRIVATE)
    before = actor(people.tx, people.ana)
    assert before is not None
    assert (before.posts_count, before.last_post_at) == (0, None)
    made = people.write(people.ana, "outside", visibility=Choice.WORLD)
    during = actor(people.tx, people.ana)
    assert during is not None
    assert (during.posts_count, during.last_post_at) == (1, people.row(made.post_id).created_at)
    delete_post(people.tx, node=NODE, author_id=people.ana, post_id=made.post_id)
    after = actor(people.tx, people.ana)
    assert after is not None
    assert (after.posts_count, after.last_post_at) == (0, None)
    assert after.version > during.version > before.version


def test_the_same_key_is_the_same_post_for_an_hour(people: People) -> None:
    first = people.write(people.ana, "once", idempotency_key="k")
    again = people.write(people.ana, "once", idempotency_key="k")
    assert again.post_id == first.post_id
    assert people.write(people.bo, "once", idempotency_key="k").post_id != first.post_id
    assert people.write(people.ana, "once", idempotency_key="l").post_id != first.post_id
    people.tx.now += 3600 * 1000 + 1
    assert people.write(people.ana, "once", idempotency_key="k").post_id != first.post_id


def test_homes_are_written(people: People) -> None:
    add_follow(people.tx, people.bo, people.ana)
    made = people.write(people.ana, "Hello")
    assert {row[0] for row in people.tx.all(HOMES, post_id=made.post_id)} == {
        people.ana,
        people.bo,
    }


def test_a_community_is_named_by_its_members_only(people: People) -> None:
    club = add_community(people.tx, "club")
    add_membership(people.tx, club, people.ana)
    add_membership(people.tx, club, people.gina)
    inside = people.write(people.ana, "@club hello")
    row = people.row(inside.post_id)
    assert (row.audience, row.place_id) == (Audience.community(club), club)
    assert 'class="u-url mention"' in row.content
    by_guest = people.write(people.gina, "@club me too", visibility=Choice.PRIVATE)
    assert people.row(by_guest.post_id).place_id == club
    outside = people.write(people.bo, "@club hello")
    assert people.row(outside.post_id).audience == Audience.network(HERE)
    assert "mention" not in people.row(outside.post_id).content
    answer = people.write(people.gina, "and I", reply_to_id=inside.post_id)
    assert people.row(answer.post_id).audience == Audience.community(club)
    assert people.row(answer.post_id).place_id == club


def test_a_sister_reads_the_network_and_is_sent_it(people: People) -> None:
    far = origin_of(people.tx, "https://far.example")
    add_sister(people.tx, far)
    made = people.write(people.ana, "@zoe@far.example hello")
    view = visible(people.tx, made.post_id, Viewer.node(far))
    assert handles(view) == (["zoe"], [])
    assert [document["type"] for document in people.sent()] == ["Create"]
    assert made.hints == ()


def test_P11_nobody_is_told_across_a_block(people: People) -> None:
    add_block(people.tx, people.bo, people.ana)
    made = people.write(people.ana, "@bo @cy hello")
    assert people.told(people.bo) == []
    assert people.told(people.cy) == [(NotificationKind.MENTION, made.post_id)]


def test_kinds_are_stored_as_they_are_shown(people: People) -> None:
    made = people.write(people.ana, "x", visibility=Choice.PRIVATE)
    assert people.row(made.post_id).kind is Kind.FOLLOWERS
