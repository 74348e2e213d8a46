"""Who may quote: the rule and its SQL twin agree for every policy, place and relation."""

from itertools import product

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.ids import HERE
from domain.quotes import QuotePolicy, Standing, standing
from storage.tx import Tx
from storage.views.posts import visible
from tests.support.factories import (
    add_follow,
    add_node,
    add_person,
    add_post,
    add_remote,
    member,
    origin_of,
)

FAR = "https://far.example"
POLICIES = [QuotePolicy(number) for number in (0, 1, 2, 4, 8, 16, 32, 64, 128, 6, 33, 98, 255)]


@pytest.fixture
def reader(tx: Tx) -> Viewer:
    add_node(tx)
    return member(add_person(tx, "ana"))


@pytest.mark.both
@pytest.mark.parametrize("far", [False, True], ids=["here", "far"])
def test_the_twins_agree(tx: Tx, reader: Viewer, far: bool) -> None:
    met: set[Standing] = set()
    for number, (follows, followed) in enumerate(product([False, True], repeat=2)):
        handle = f"zoe{number}"
        author = add_remote(tx, handle, FAR) if far else add_person(tx, handle)
        origin = origin_of(tx, FAR) if far else HERE
        if follows:
            add_follow(tx, reader.actor, author)
        if followed:
            add_follow(tx, author, reader.actor)
        for policy in POLICIES:
            post = add_post(
                tx, author, Audience.public(), quote_policy=int(policy), origin_id=origin
            )
            found = visible(tx, post, reader).flags.may_quote
            expected = standing(policy, is_author=False, follows=follows, is_followed=followed)
            assert found is expected, (policy, follows, followed)
            met.add(found)
    assert met == set(Standing)


@pytest.mark.both
def test_nobody_quotes_what_is_for_some_people_only(tx: Tx, reader: Viewer) -> None:
    me, everybody = reader.actor, int(QuotePolicy.PUBLIC)
    bo = add_person(tx, "bo")
    add_follow(tx, me, bo)
    for author in (me, bo):
        closed = [Audience.followers(author), Audience.direct()]
        for audience in closed:
            post = add_post(tx, author, audience, quote_policy=everybody, named=(me,))
            assert visible(tx, post, reader).flags.may_quote is Standing.DENIED
        for audience in (Audience.public(), Audience.network(HERE), Audience.node(HERE)):
            post = add_post(tx, author, audience, quote_policy=everybody)
            assert visible(tx, post, reader).flags.may_quote is Standing.AUTOMATIC
            kept = add_post(
                tx, author, audience, root_audience=Audience.followers(author), quote_policy=1
            )
            assert visible(tx, kept, reader).flags.may_quote is Standing.DENIED


@pytest.mark.both
def test_who_is_not_signed_in_quotes_nothing(tx: Tx, reader: Viewer) -> None:
    post = add_post(tx, reader.actor, Audience.public(), quote_policy=1)
    assert visible(tx, post, ANONYMOUS).flags.may_quote is Standing.DENIED
