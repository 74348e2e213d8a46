"""What our actors and posts say elsewhere of how they may be found and quoted."""

import pytest

from activitypub.render import quotes
from activitypub.vocabulary import PUBLIC, JsonDict
from domain.audience import ANONYMOUS, Audience, Viewer
from domain.choices import Choice
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import KeyType
from domain.polls import NewPoll
from domain.quotes import QuotePolicy
from social.posts import Draft, create_post
from storage.queries.keys import insert_own_key
from storage.tx import Tx
from storage.views.posts import for_delivery
from tests.support.clubs import OPEN, Club
from tests.support.factories import add_follow, add_person, add_post
from tests.support.stranger import rsa
from web.actors.documents import shown_actor, shown_post
from web.actors.signing import viewer_for

pytestmark = pytest.mark.both


@pytest.mark.interop(
    "Person", "out", "says whether it may be discovered and searched", peer="a stranger"
)
@pytest.mark.parametrize("discoverable", [True, False], ids=["discoverable", "not discoverable"])
@pytest.mark.parametrize("indexable", [True, False], ids=["indexable", "not indexable"])
def test_an_actor_says_how_it_may_be_found(tx: Tx, discoverable: bool, indexable: bool) -> None:
    club = Club(tx)
    eve = add_person(tx, "eve", public=True, discoverable=discoverable, indexable=indexable)
    uri, public = club.view(eve).uri, rsa().public.pem()
    key = f"{uri}#main-key"
    insert_own_key(tx, actor_id=eve, uri=key, key_type=KeyType.RSA, public=public, sealed=b"")
    said = shown_actor(tx, node=OPEN, actor_id=eve, signer=club.view(club.dee))
    assert (said["discoverable"], said["indexable"]) == (discoverable, indexable)
    assert said["searchableBy"] == [PUBLIC if indexable else uri]
    stub = shown_actor(tx, node=OPEN, actor_id=eve, signer=None)
    assert not {"discoverable", "indexable", "searchableBy"} & set(stub)


@pytest.mark.interop("Question", "out", "served to who may read it; else 404", peer="a stranger")
def test_a_poll_is_served_as_a_question(tx: Tx) -> None:
    club = Club(tx)
    add_follow(tx, club.kim, club.ana)

    def asked(visibility: Choice) -> int:
        wish = NewPoll(options=("red", "blue"), lasts_s=3600)
        draft = Draft("Which?", visibility=visibility, poll=wish)
        return create_post(tx, node=OPEN, author_id=club.ana, draft=draft).post_id

    def shown(post_id: int, viewer: Viewer) -> JsonDict:
        return shown_post(tx, node=OPEN, post_id=post_id, viewer=viewer)

    for_all, few = asked(Choice.WORLD), asked(Choice.PRIVATE)
    said = shown(for_all, ANONYMOUS)
    assert said["type"] == "Question"
    options = said["oneOf"]
    assert isinstance(options, list)
    assert [one["name"] for one in options] == ["red", "blue"]
    assert shown(few, viewer_for(club.view(club.kim)))["type"] == "Question"
    for nobody in (ANONYMOUS, viewer_for(club.view(club.zed))):
        with pytest.raises(NotFound):
            shown(few, nobody)


EVERYBODY, FOLLOWERS, AUTHOR = "everybody", "followers", "the author alone"


@pytest.mark.interop(
    "Note", "out", "says who may quote it: all, followers, the author alone", peer="a stranger"
)
@pytest.mark.parametrize(
    ("readers", "chosen", "said"),
    [
        ("public", QuotePolicy.PUBLIC, EVERYBODY),
        ("public", QuotePolicy.FOLLOWERS, FOLLOWERS),
        ("public", QuotePolicy.NOBODY, AUTHOR),
        *((who, QuotePolicy.PUBLIC, AUTHOR) for who in ("network", "followers", "direct")),
        *((who, QuotePolicy.FOLLOWERS, AUTHOR) for who in ("network", "followers", "direct")),
        ("community", QuotePolicy.PUBLIC, AUTHOR),
        ("answer to followers", QuotePolicy.PUBLIC, AUTHOR),
    ],
)
def test_a_post_says_who_may_quote_it(tx: Tx, readers: str, chosen: QuotePolicy, said: str) -> None:
    """Never more than may read it; nobody elsewhere unless anybody may (FEP-044f)."""
    club = Club(tx)
    followers = Audience.followers(club.ana)
    audiences = {
        "public": Audience.public(),
        "network": Audience.network(HERE),
        "followers": followers,
        "direct": Audience.direct(),
        "community": Audience.community(club.id),
        "answer to followers": Audience.public(),
    }
    root = followers if readers.startswith("answer") else None
    made = add_post(tx, club.ana, audiences[readers], root_audience=root, quote_policy=chosen.value)
    post = for_delivery(tx, made)
    assert post is not None
    allowed = {EVERYBODY: PUBLIC, FOLLOWERS: post.author.followers, AUTHOR: post.author.uri}
    policy = {"canQuote": {"automaticApproval": [allowed[said]]}}
    assert quotes.policy(post) == {"interactionPolicy": policy}, "canReply and its like: not said"
