"""Audiences and the `to`, `cc`, `audience` of documents; sharing, quoting, and meeting the root."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import addressing
from domain.addressing import (
    PUBLIC_URI,
    Addressee,
    Addresses,
    DocumentAudience,
    Gathering,
    addressees,
    audience_of_document,
    client_visibility,
    is_public,
    may_quote,
    may_share,
    meet,
)
from domain.audience import Audience, Kind
from domain.choices import Hint, Named, Place
from domain.ids import HERE

CY, ANA, BO, GROUP, OTHER, SISTER = 20, 10, 11, 90, 91, 2
CY_URI, CY_FOLLOWERS = "https://s.example/a/cy", "https://s.example/a/cy/followers"
ANA_URI, ANA_FOLLOWERS = "https://h.example/a/1", "https://h.example/a/1/followers"
NODE_FOLLOWERS, SISTER_NODE = "https://h.example/a/0/followers", "https://s.example/a/0/followers"
GROUP_URI, GROUP_FOLLOWERS = "https://h.example/a/9", "https://h.example/a/9/followers"
OPEN_URI, WORLD_URI = "https://h.example/a/8", "https://h.example/a/7"

PUBLIC, DIRECT, CLOSED = Audience.public(), Audience.direct(), Audience.community(GROUP)
NETWORK, NODE, THEIRS = Audience.network(HERE), Audience.node(HERE), Audience.network(SISTER)

KNOWN: dict[str, Addressee] = {
    ANA_URI: Named(ANA),
    "https://h.example/a/2": Named(BO),
    ANA_FOLLOWERS: Gathering(Audience.followers(ANA)),
    NODE_FOLLOWERS: Gathering(NETWORK),
    SISTER_NODE: Gathering(THEIRS),
    GROUP_URI: Place(GROUP, CLOSED),
    GROUP_FOLLOWERS: Gathering(CLOSED),
    OPEN_URI: Place(OTHER, NETWORK),
    WORLD_URI: Place(92, PUBLIC),
}


def document(
    to: list[str], cc: list[str] | None = None, *, audience: str = "", root: Audience | None = None
) -> DocumentAudience:
    return audience_of_document(
        to,
        cc or [],
        [audience] if audience else [],
        CY_FOLLOWERS,
        author=CY,
        author_origin=SISTER,
        known=KNOWN,
        root=root,
    )


@pytest.mark.parametrize(
    "spelling", [PUBLIC_URI, "as:Public", "Public", PUBLIC_URI.replace("s:", ":")]
)
def test_every_spelling_of_public_is_public(spelling: str) -> None:
    assert document([spelling], [CY_FOLLOWERS]).audience == PUBLIC
    quiet = document([CY_FOLLOWERS], [spelling])
    assert (quiet.audience, quiet.quiet, quiet.says_public) == (PUBLIC, True, True)


@pytest.mark.parametrize(
    "other", ["public", "https://www.w3.org/ns/activitystreams#public", PUBLIC_URI + "/", ""]
)
def test_what_only_looks_like_public_is_nobody(other: str) -> None:
    assert not is_public(other)
    assert document([other]).audience == DIRECT


def test_followers_are_the_authors_own_or_nobody() -> None:
    assert document([CY_FOLLOWERS]).audience == Audience.followers(CY)
    assert document([], [CY_FOLLOWERS]).audience == Audience.followers(CY)
    assert document([ANA_FOLLOWERS]).audience == DIRECT
    assert document(["https://s.example/a/other/followers"]).audience == DIRECT


def test_a_network_is_that_of_the_authors_node_or_nobody() -> None:
    assert document([SISTER_NODE]).audience == THEIRS
    assert document([NODE_FOLLOWERS]).audience == DIRECT


def test_an_answer_may_name_the_roots_owner() -> None:
    """Our people's answers reach the owner's node in this form, for it to redistribute."""
    assert document([NODE_FOLLOWERS], root=NETWORK).audience == NETWORK
    assert document([ANA_FOLLOWERS], root=Audience.followers(ANA)).audience == Audience.followers(
        ANA
    )
    assert document([NODE_FOLLOWERS], root=NODE).audience == DIRECT


ADDRESSES = [
    *(PUBLIC_URI, "as:Public", "Public", "public", ""),
    *(CY_URI, CY_FOLLOWERS, "https://x.example/u/1"),
    *KNOWN,
]
_several = st.lists(st.sampled_from(ADDRESSES), max_size=5)


@given(_several, _several, st.sampled_from([None, PUBLIC, NETWORK, CLOSED]))
@example([PUBLIC_URI], [CY_FOLLOWERS, ANA_URI, CY_URI], None)
@example([ANA_URI, "https://x.example/u/1"], ["as:Public"], None)
def test_what_is_for_everybody_is_told_early_to_the_same_effect(
    to: list[str], cc: list[str], root: Audience | None
) -> None:
    """An unknown `audience` says nothing, and has it worked out in full."""
    worked_out: list[Audience] = []

    def widest(*said: Any) -> Audience:
        worked_out.append(real(*said))
        return worked_out[-1]

    real = addressing._widest
    known = {**KNOWN, CY_URI: Named(CY, SISTER)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(addressing, "_widest", widest)
        early = _read(to, cc, known, root)
        is_early = not worked_out
        assert early == _read(to, cc, known, root, audience=["https://x.example/nobody"])
        assert worked_out or early.place is not None, "the second one in full"
    people = {uri for uri, one in known.items() if isinstance(one, Named)}
    if not (early.says_public and root is None and {*to, *cc} & known.keys() <= people):
        assert not is_early or early.place is not None
    else:
        assert is_early


def test_a_place_named_as_audience_alone_counts_beside_everybody() -> None:
    places = {uri: one for uri, one in KNOWN.items() if isinstance(one, Place)}
    assert places
    for uri, place in places.items():
        said = _read([PUBLIC_URI], [], KNOWN, None, audience=[uri])
        assert (said.place, said.audience) == (place.actor, place.audience)


def _read(
    to: list[str],
    cc: list[str],
    known: dict[str, Addressee],
    root: Audience | None,
    audience: Sequence[str] = (),
) -> DocumentAudience:
    return audience_of_document(
        *(to, cc, audience, CY_FOLLOWERS), author=CY, author_origin=SISTER, known=known, root=root
    )


def test_an_unknown_addressee_is_nobody() -> None:
    said = document(["https://x.example/u/1", "https://x.example/u/1/followers"])
    assert (said.audience, said.named) == (DIRECT, frozenset())


def test_people_are_named_except_the_author() -> None:
    known = {**KNOWN, CY_URI: Named(CY, SISTER)}
    said = audience_of_document(
        [ANA_URI, CY_URI], [], [], None, author=CY, author_origin=SISTER, known=known
    )
    assert (said.audience, said.named) == (DIRECT, frozenset({ANA}))


def test_a_document_in_a_community() -> None:
    said = document([GROUP_URI, GROUP_FOLLOWERS], audience=GROUP_URI)
    assert (said.audience, said.place, said.says_public) == (CLOSED, GROUP, False)


def test_a_direct_mention_of_a_community_alone_is_a_post_to_it() -> None:
    """Mastodon adds the group's followers to `to` (facts/federation.md §2.2)."""
    said = document([GROUP_URI, GROUP_FOLLOWERS])
    assert (said.audience, said.place, said.hint) == (CLOSED, GROUP, None)


def test_a_direct_mention_of_a_community_and_a_person_goes_to_the_person() -> None:
    said = document([GROUP_URI, GROUP_FOLLOWERS, ANA_URI])
    assert (said.audience, said.place, said.named) == (DIRECT, None, frozenset({ANA}))
    assert said.hint is Hint.NAMED_PEOPLE_ONLY


def test_a_community_learns_how_wide_the_words_are_already() -> None:
    wider = document([CY_FOLLOWERS], [GROUP_URI, ANA_URI])
    assert (wider.audience, wider.place) == (CLOSED, GROUP)
    assert (wider.says_followers, wider.says_public) == (True, False)
    public = document([PUBLIC_URI], [GROUP_URI])
    assert (public.audience, public.place, public.says_public) == (CLOSED, GROUP, True)


def test_closed_words_in_an_open_community_are_for_its_members() -> None:
    assert document([OPEN_URI], audience=OPEN_URI).audience == Audience.community(OTHER)
    assert document([OPEN_URI, NODE_FOLLOWERS], audience=OPEN_URI).audience == NETWORK
    assert document([WORLD_URI], audience=WORLD_URI).audience == Audience.community(92)
    assert document([PUBLIC_URI, WORLD_URI], audience=WORLD_URI).audience == PUBLIC


def test_of_two_communities_none_may_be_closed() -> None:
    assert document([PUBLIC_URI], [GROUP_URI, OPEN_URI]).place is None
    assert document([PUBLIC_URI], [WORLD_URI, OPEN_URI]).place == 92


def test_an_unknown_audience_is_ignored() -> None:
    assert document([ANA_URI], audience="https://x.example/group").audience == DIRECT


@pytest.mark.parametrize("to", [[PUBLIC_URI], [SISTER_NODE], [CY_FOLLOWERS], [ANA_URI]])
@pytest.mark.parametrize("root", [NETWORK, NODE, CLOSED, Audience.followers(ANA), DIRECT])
def test_a_public_answer_takes_the_roots_pair_and_others_stay_beside_it(
    to: list[str], root: Audience
) -> None:
    said = document(to, root=root).audience
    alone = document(to).audience
    assert said == (root if alone == PUBLIC else alone)


@pytest.mark.parametrize(
    ("asked", "root", "met"),
    [
        (PUBLIC, NETWORK, NETWORK),
        (PUBLIC, DIRECT, DIRECT),
        (NETWORK, NODE, NODE),
        (NODE, NETWORK, NODE),
        (THEIRS, NODE, THEIRS),
        (DIRECT, PUBLIC, DIRECT),
        (NETWORK, CLOSED, NETWORK),
        (CLOSED, CLOSED, CLOSED),
        (Audience.followers(CY), NETWORK, Audience.followers(CY)),
    ],
)
def test_meeting_the_root(asked: Audience, root: Audience, met: Audience) -> None:
    assert meet(asked, root) == met


# What may be passed on.

INSIDE = {Kind.COMMUNITY, Kind.FOLLOWERS, Kind.DIRECT}
ALL = [PUBLIC, NETWORK, THEIRS, NODE, CLOSED, Audience.followers(ANA), DIRECT]


@pytest.mark.parametrize("audience", ALL)
@pytest.mark.parametrize("root", ALL)
def test_community_followers_and_direct_are_never_shared(
    audience: Audience, root: Audience
) -> None:
    assert may_share(audience, root) == (not INSIDE & {audience.kind, root.kind})


def test_quotes_stay_inside() -> None:
    assert may_quote(PUBLIC, PUBLIC, DIRECT)
    assert may_quote(NETWORK, NETWORK, NETWORK)
    assert may_quote(NETWORK, NETWORK, NODE)
    assert not may_quote(NETWORK, NETWORK, PUBLIC)
    assert not may_quote(NODE, NODE, NETWORK)
    assert not may_quote(NETWORK, NETWORK, Audience.followers(ANA))
    assert not may_quote(CLOSED, CLOSED, CLOSED)
    assert not may_quote(PUBLIC, CLOSED, PUBLIC)


@pytest.mark.parametrize(
    ("audience", "visibility", "local_only"),
    [
        (PUBLIC, "public", False),
        (NETWORK, "public", False),
        (NODE, "public", True),
        (CLOSED, "private", False),
        (Audience.followers(ANA), "private", False),
        (DIRECT, "direct", False),
    ],
)
def test_what_clients_are_shown(audience: Audience, visibility: str, local_only: bool) -> None:
    assert client_visibility(audience, audience, quiet=False) == (visibility, local_only)
    quiet = "unlisted" if visibility == "public" else visibility
    assert client_visibility(audience, audience, quiet=True) == (quiet, local_only)


def test_clients_are_shown_the_narrower_of_two_pairs() -> None:
    assert client_visibility(Audience.followers(ANA), NODE, quiet=False) == ("private", True)
    assert client_visibility(NODE, Audience.followers(ANA), quiet=False) == ("private", True)
    assert client_visibility(DIRECT, NETWORK, quiet=False) == ("direct", False)


# Outgoing.

AT = Addresses(ANA_URI, ANA_FOLLOWERS, named=(CY_URI, ANA_URI, CY_URI))


def test_public_addresses() -> None:
    assert addressees(PUBLIC, AT) == ([PUBLIC_URI], [ANA_FOLLOWERS, CY_URI])
    assert addressees(PUBLIC, AT, quiet=True) == ([ANA_FOLLOWERS], [PUBLIC_URI, CY_URI])
    there = Addresses(ANA_URI, ANA_FOLLOWERS, place=GROUP_URI, place_followers=GROUP_FOLLOWERS)
    assert addressees(PUBLIC, there)[1] == [ANA_FOLLOWERS, GROUP_URI, GROUP_FOLLOWERS]


def test_network_addresses_the_nodes_followers_and_never_the_authors() -> None:
    at = Addresses(ANA_URI, ANA_FOLLOWERS, "https://h.example/a/0", NODE_FOLLOWERS, named=(CY_URI,))
    assert addressees(NETWORK, at) == ([NODE_FOLLOWERS], [CY_URI])


def test_node_addresses_nobody() -> None:
    assert addressees(NODE, AT) == ([], [])


def test_community_addresses_the_community_alone() -> None:
    at = Addresses(ANA_URI, ANA_FOLLOWERS, GROUP_URI, GROUP_FOLLOWERS, named=(CY_URI,))
    assert addressees(CLOSED, at) == ([GROUP_URI, GROUP_FOLLOWERS], [])


def test_followers_addresses() -> None:
    mine = Addresses(ANA_URI, ANA_FOLLOWERS, ANA_URI, ANA_FOLLOWERS, named=(CY_URI,))
    assert addressees(Audience.followers(ANA), mine) == ([ANA_FOLLOWERS], [CY_URI])
    answer = Addresses(ANA_URI, ANA_FOLLOWERS, CY_URI, CY_FOLLOWERS)
    assert addressees(Audience.followers(CY), answer) == ([CY_FOLLOWERS], [CY_URI])


def test_direct_addresses_the_named() -> None:
    assert addressees(DIRECT, AT) == ([CY_URI], [])


@pytest.mark.parametrize("audience", [NETWORK, CLOSED, Audience.followers(ANA)])
def test_an_audience_without_its_owners_addresses_is_refused(audience: Audience) -> None:
    with pytest.raises(ValueError, match="owner"):
        addressees(audience, AT)


@pytest.mark.parametrize("audience", [a for a in ALL if a != PUBLIC])
def test_nothing_but_public_is_addressed_to_public(audience: Audience) -> None:
    at = Addresses(ANA_URI, ANA_FOLLOWERS, CY_URI, CY_FOLLOWERS, GROUP_URI, named=(CY_URI,))
    to, cc = addressees(audience, at, quiet=True)
    assert not any(map(is_public, to + cc))
    assert ANA_FOLLOWERS not in to + cc


@pytest.mark.parametrize("audience", [PUBLIC, THEIRS, CLOSED, Audience.followers(CY), DIRECT])
def test_what_is_written_is_read_as_the_same(audience: Audience) -> None:
    owners = {
        Kind.NETWORK: ("https://s.example/a/0", SISTER_NODE),
        Kind.COMMUNITY: (GROUP_URI, GROUP_FOLLOWERS),
        Kind.FOLLOWERS: (CY_URI, CY_FOLLOWERS),
    }
    owner = owners.get(audience.kind, ("", ""))
    to, cc = addressees(audience, Addresses(CY_URI, CY_FOLLOWERS, *owner, named=(ANA_URI,)))
    read = document(to, cc)
    assert read.audience == audience
    assert read.named == (frozenset() if audience == CLOSED else {ANA})
