"""The client's table (protocol §1), row by row, and guests, communities and hints beside it."""

from dataclasses import replace

import pytest

from domain.audience import Audience, Kind, PostFacts, Viewer, may_read
from domain.choices import (
    Choice,
    Hint,
    Named,
    Place,
    Placement,
    audience_for_new_post,
    audience_for_reply,
    root_of,
)
from domain.errors import Invalid, NotFound
from domain.ids import HERE
from tests.support.worlds import Knowledge, World

ME, ANA, BO, CY, GROUP, OTHER = 10, 11, 12, 20, 90, 91
NETWORK, NODE, PUBLIC = Audience.network(HERE), Audience.node(HERE), Audience.public()
MINE, DIRECT, CLOSED = Audience.followers(ME), Audience.direct(), Audience.community(GROUP)
PEOPLE = (Named(ANA), Named(CY, origin=2))
MEMBERS_ONLY = Place(GROUP, CLOSED)
WITH_PARTNERS = Place(GROUP, CLOSED, elsewhere=True)
OPEN_HERE = Place(OTHER, NETWORK)
WORLD_OPEN = Place(OTHER, PUBLIC)


def new(
    choice: Choice, *, means: Kind = Kind.NETWORK, full: bool = True, **more: object
) -> Placement:
    return audience_for_new_post(choice, means, author=ME, full_member=full, **more)  # type: ignore[arg-type]


def root(
    audience: Audience, *, author: int = ANA, named: frozenset[int] = frozenset()
) -> PostFacts:
    return PostFacts.of_root(1, author=author, audience=audience, created_at=5, named=named)


def reply(choice: Choice, to: PostFacts, *, full: bool = True, **more: object) -> Placement:
    return audience_for_reply(choice, to, author=ME, full_member=full, **more)  # type: ignore[arg-type]


# New posts.


@pytest.mark.parametrize(
    ("means", "audience"),
    [(Kind.NETWORK, NETWORK), (Kind.PUBLIC, PUBLIC), (Kind.NODE, NODE)],
)
def test_new_public_is_what_the_node_says(means: Kind, audience: Audience) -> None:
    assert new(Choice.PUBLIC, means=means) == Placement(audience, audience)


@pytest.mark.parametrize("means", [Kind.COMMUNITY, Kind.FOLLOWERS, Kind.DIRECT])
def test_public_cannot_mean_something_narrower_than_the_node(means: Kind) -> None:
    with pytest.raises(ValueError, match="public means"):
        new(Choice.PUBLIC, means=means)


def test_new_unlisted_is_the_same_and_quiet() -> None:
    assert new(Choice.UNLISTED) == Placement(NETWORK, NETWORK, quiet=True)


def test_new_private_is_for_my_followers_and_the_named() -> None:
    placed = new(Choice.PRIVATE, people=PEOPLE)
    assert placed == Placement(MINE, MINE, named=frozenset({ANA, CY}))


def test_new_direct_is_for_the_named() -> None:
    placed = new(Choice.DIRECT, people=PEOPLE)
    assert placed == Placement(DIRECT, DIRECT, named=frozenset({ANA, CY}))


@pytest.mark.parametrize("choice", [Choice.PUBLIC, Choice.UNLISTED])
def test_new_local_only_public_is_the_node(choice: Choice) -> None:
    placed = new(choice, means=Kind.PUBLIC, local_only=True)
    assert placed == Placement(NODE, NODE, quiet=choice is Choice.UNLISTED)


def test_new_local_only_private_asks_the_node_as_well() -> None:
    assert new(Choice.PRIVATE, local_only=True) == Placement(MINE, NODE)


def test_new_local_only_direct_goes_to_those_who_live_here() -> None:
    placed = new(Choice.DIRECT, people=(Named(ANA),), local_only=True)
    assert placed == Placement(DIRECT, DIRECT, named=frozenset({ANA}))


@pytest.mark.parametrize("choice", [Choice.PRIVATE, Choice.DIRECT])
def test_new_local_only_naming_somebody_elsewhere_is_refused(choice: Choice) -> None:
    with pytest.raises(Invalid, match="lives on another server"):
        new(choice, people=PEOPLE, local_only=True)


def test_the_world_is_reached_from_our_own_pages() -> None:
    assert new(Choice.WORLD) == Placement(PUBLIC, PUBLIC)
    with pytest.raises(Invalid, match="for the world"):
        new(Choice.WORLD, local_only=True)


# Communities.


@pytest.mark.parametrize("choice", [Choice.PUBLIC, Choice.UNLISTED, Choice.PRIVATE])
def test_naming_one_community_puts_the_post_there(choice: Choice) -> None:
    placed = new(choice, communities=(WITH_PARTNERS,), people=PEOPLE)
    named = frozenset({ANA, CY})
    quiet = choice is Choice.UNLISTED
    assert placed == Placement(CLOSED, CLOSED, quiet=quiet, place=GROUP, named=named)


def test_an_open_community_gives_what_it_is_open_to() -> None:
    assert new(Choice.PUBLIC, communities=(OPEN_HERE,)).audience == NETWORK
    assert new(Choice.PUBLIC, communities=(WORLD_OPEN,)).audience == PUBLIC
    assert new(Choice.PUBLIC, communities=(Place(OTHER, NODE),)).audience == NODE


def test_direct_to_one_community_and_nobody_else_is_a_post_to_it() -> None:
    placed = new(Choice.DIRECT, communities=(MEMBERS_ONLY,))
    assert placed == Placement(CLOSED, CLOSED, place=GROUP)


def test_direct_that_names_a_person_too_goes_to_the_person_and_says_so() -> None:
    placed = new(Choice.DIRECT, communities=(MEMBERS_ONLY,), people=PEOPLE)
    named, hint = frozenset({ANA, CY}), Hint.NAMED_PEOPLE_ONLY
    assert placed == Placement(DIRECT, DIRECT, named=named, hint=hint)


@pytest.mark.parametrize("choice", [Choice.PUBLIC, Choice.DIRECT])
def test_two_communities_one_of_them_closed_are_refused(choice: Choice) -> None:
    for both in ((MEMBERS_ONLY, OPEN_HERE), (OPEN_HERE, MEMBERS_ONLY)):
        with pytest.raises(Invalid, match="one community"):
            new(choice, communities=both)


def test_of_two_open_communities_the_first_is_the_place() -> None:
    assert new(Choice.PUBLIC, communities=(OPEN_HERE, WORLD_OPEN)).place == OTHER
    assert new(Choice.PUBLIC, communities=(OPEN_HERE, WORLD_OPEN)).audience == NETWORK


@pytest.mark.parametrize("choice", [Choice.PRIVATE, Choice.DIRECT])
def test_words_meant_for_few_do_not_go_to_the_world(choice: Choice) -> None:
    with pytest.raises(Invalid, match="Everybody can read"):
        new(choice, communities=(WORLD_OPEN,))


def test_local_only_in_a_community() -> None:
    assert new(Choice.PUBLIC, communities=(MEMBERS_ONLY,), local_only=True).audience == CLOSED
    assert new(Choice.PUBLIC, communities=(OPEN_HERE,), local_only=True).audience == NODE
    with pytest.raises(Invalid, match="members elsewhere"):
        new(Choice.PUBLIC, communities=(WITH_PARTNERS,), local_only=True)


# Guests.


@pytest.mark.parametrize("choice", [Choice.PUBLIC, Choice.UNLISTED, Choice.WORLD])
@pytest.mark.parametrize("means", [Kind.PUBLIC, Kind.NETWORK, Kind.NODE])
def test_a_guest_does_not_write_to_everybody(choice: Choice, means: Kind) -> None:
    with pytest.raises(Invalid, match="guest"):
        new(choice, means=means, full=False)


def test_a_guest_writes_in_communities_and_to_people() -> None:
    assert new(Choice.PUBLIC, communities=(MEMBERS_ONLY,), full=False).audience == CLOSED
    assert new(Choice.PUBLIC, communities=(WORLD_OPEN,), full=False).audience == PUBLIC
    assert new(Choice.PRIVATE, full=False).audience == MINE
    assert new(Choice.DIRECT, people=PEOPLE, full=False).audience == DIRECT


def test_a_guest_never_makes_a_network_or_node_post() -> None:
    with pytest.raises(NotFound):
        new(Choice.PUBLIC, communities=(OPEN_HERE,), full=False)
    with pytest.raises(Invalid, match="guest"):
        new(Choice.PRIVATE, local_only=True, full=False)
    with pytest.raises(Invalid, match="guest"):
        new(Choice.PUBLIC, communities=(WORLD_OPEN,), local_only=True, full=False)


@pytest.mark.parametrize("audience", [NETWORK, NODE])
def test_a_guest_cannot_answer_where_network_and_node_do_not_exist(audience: Audience) -> None:
    for choice in (Choice.PUBLIC, Choice.PRIVATE, Choice.DIRECT):
        with pytest.raises(NotFound):
            reply(choice, root(audience), full=False)
        assert reply(choice, root(audience)).root_audience == audience


def test_a_guest_answers_in_communities() -> None:
    placed = reply(Choice.PUBLIC, root(CLOSED), place=MEMBERS_ONLY, full=False)
    assert placed == Placement(CLOSED, CLOSED, place=GROUP)
    assert reply(Choice.PUBLIC, root(PUBLIC), place=WORLD_OPEN, full=False).audience == PUBLIC
    with pytest.raises(Invalid, match="guest"):
        reply(Choice.PUBLIC, root(PUBLIC), full=False)


# Answers.

ROOTS = [PUBLIC, NETWORK, Audience.network(2), NODE, CLOSED, Audience.followers(ANA)]


@pytest.mark.parametrize("audience", ROOTS)
def test_reply_public_and_unlisted_take_the_roots_audience(audience: Audience) -> None:
    plain = reply(Choice.PUBLIC, root(audience))
    assert (plain.audience, plain.root_audience, plain.quiet) == (audience, audience, False)
    assert reply(Choice.UNLISTED, root(audience)) == replace(plain, quiet=True)


def test_reply_public_to_direct_goes_to_all_whom_the_root_names() -> None:
    placed = reply(Choice.PUBLIC, root(DIRECT, named=frozenset({ME, BO})))
    assert placed == Placement(DIRECT, DIRECT, named=frozenset({ANA, BO}))


@pytest.mark.parametrize("audience", [CLOSED, Audience.followers(ANA)])
def test_reply_private_in_community_or_followers_is_the_roots(audience: Audience) -> None:
    placed = reply(Choice.PRIVATE, root(audience))
    assert (placed.audience, placed.root_audience) == (audience, audience)


@pytest.mark.parametrize("audience", [PUBLIC, NETWORK, NODE, DIRECT])
def test_reply_private_elsewhere_is_my_followers_who_may_read_the_root(audience: Audience) -> None:
    assert reply(Choice.PRIVATE, root(audience)) == Placement(MINE, audience)


@pytest.mark.parametrize("audience", [*ROOTS, DIRECT])
def test_reply_direct_is_the_named_who_may_read_the_root(audience: Audience) -> None:
    people = (Named(ANA), Named(BO, reads_root=False))
    placed = reply(Choice.DIRECT, root(audience), people=people)
    named, hint = frozenset({ANA}), Hint.NOT_READERS
    assert placed == Placement(DIRECT, audience, named=named, hint=hint)
    assert reply(Choice.DIRECT, root(audience), people=people[:1]).hint is None


@pytest.mark.parametrize("audience", [PUBLIC, NETWORK, NODE, Audience.network(2)])
def test_reply_local_only_public_is_the_node_beside_the_root(audience: Audience) -> None:
    placed = reply(Choice.PUBLIC, root(audience), local_only=True)
    assert placed == Placement(NODE, audience)


def test_reply_local_only_to_followers_or_direct_keeps_their_people() -> None:
    placed = reply(Choice.PUBLIC, root(Audience.followers(ANA)), local_only=True)
    assert placed == Placement(NODE, Audience.followers(ANA), named=frozenset({ANA}))


def test_reply_local_only_in_a_community() -> None:
    kept = reply(Choice.PUBLIC, root(CLOSED), place=MEMBERS_ONLY, local_only=True)
    assert kept == Placement(CLOSED, CLOSED, place=GROUP)
    with pytest.raises(Invalid, match="members elsewhere"):
        reply(Choice.PUBLIC, root(CLOSED), place=WITH_PARTNERS, local_only=True)


def test_reply_local_only_private() -> None:
    assert reply(Choice.PRIVATE, root(NETWORK), local_only=True) == Placement(MINE, NODE)
    with pytest.raises(Invalid, match="cannot be kept"):
        reply(Choice.PRIVATE, root(Audience.network(2)), local_only=True)


@pytest.mark.parametrize("choice", [Choice.PRIVATE, Choice.DIRECT])
def test_reply_local_only_naming_somebody_elsewhere_is_refused(choice: Choice) -> None:
    with pytest.raises(Invalid, match="lives on another server"):
        reply(choice, root(NETWORK), people=PEOPLE, local_only=True)
    assert reply(choice, root(NETWORK), people=PEOPLE[:1], local_only=True).named == {ANA}


def test_reply_direct_to_the_threads_community_alone_is_an_answer_in_it() -> None:
    placed = reply(Choice.DIRECT, root(CLOSED), place=MEMBERS_ONLY, communities=(MEMBERS_ONLY,))
    assert placed == Placement(CLOSED, CLOSED, place=GROUP)


def test_reply_direct_to_a_person_and_a_community_goes_to_the_person() -> None:
    placed = reply(
        Choice.DIRECT,
        root(CLOSED),
        place=MEMBERS_ONLY,
        communities=(MEMBERS_ONLY,),
        people=(Named(ANA),),
    )
    assert (placed.audience, placed.place, placed.hint) == (DIRECT, None, Hint.NAMED_PEOPLE_ONLY)


def test_an_answer_that_names_another_community_stays_in_its_thread() -> None:
    placed = reply(Choice.PUBLIC, root(NETWORK), communities=(MEMBERS_ONLY,))
    assert (placed.audience, placed.place, placed.hint) == (NETWORK, None, Hint.STAYS_IN_THREAD)


def test_answers_in_a_thread_kept_here_are_read_exactly_by_its_readers() -> None:
    kept = replace(root(Audience.followers(ANA)), root_audience=NODE)
    placed = reply(Choice.PUBLIC, kept)
    assert (placed.audience, placed.root_audience) == (NODE, Audience.followers(ANA))
    answer = replace(
        kept, id=2, author=ME, audience=NODE, root_audience=placed.root_audience, named=placed.named
    )
    nothing = Knowledge(World(9, (), (), (), (), (), (), (), (), ()))
    assert may_read(Viewer.local(ANA, full=True), answer, nothing)
    assert not may_read(Viewer.local(BO, full=True), answer, nothing)
    assert not may_read(Viewer.remote(CY, 2), answer, nothing)


def test_a_root_is_remembered_by_its_answers() -> None:
    first = root(Audience.followers(ANA), named=frozenset({BO}))
    assert root_of(replace(first, id=2, author=BO, audience=DIRECT)) == first
