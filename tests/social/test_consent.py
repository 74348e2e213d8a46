"""What other servers say of who may quote a post, as flags of ours."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activitypub.parse.quotes import QuoteRule
from domain.addressing import PUBLIC_URI
from domain.quotes import QuotePolicy
from social.consent import policy_said
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import add_node, add_remote


@pytest.fixture
def zoe(tx: Tx) -> ActorView:
    add_node(tx)
    found = actors.by_id(tx, add_remote(tx, "zoe"))
    assert found is not None
    return found


def test_each_address_adds_what_it_means(zoe: ActorView) -> None:
    """However many there are, in either list; the author may anyhow."""
    means = {
        PUBLIC_URI: (QuotePolicy.PUBLIC, QuotePolicy.ASK_PUBLIC),
        zoe.followers or "": (QuotePolicy.FOLLOWERS, QuotePolicy.ASK_FOLLOWERS),
        zoe.following or "": (QuotePolicy.FOLLOWING, QuotePolicy.ASK_FOLLOWING),
        zoe.uri: (QuotePolicy.NOBODY, QuotePolicy.NOBODY),
        "https://x.example/u/1": (QuotePolicy.OTHERS, QuotePolicy.ASK_OTHERS),
    }
    several = st.lists(st.sampled_from(sorted(means)), max_size=4)

    @given(several, several)
    @example([], [])
    @example([PUBLIC_URI], [])
    @example([], [PUBLIC_URI])
    def holds(automatic: list[str], manual: list[str]) -> None:
        wanted = QuotePolicy.NOBODY
        for uri in automatic:
            wanted |= means[uri][0]
        for uri in manual:
            wanted |= means[uri][1]
        assert policy_said(zoe, QuoteRule(tuple(automatic), tuple(manual))) is wanted

    holds()
    assert policy_said(zoe, None) is QuotePolicy.NOBODY
