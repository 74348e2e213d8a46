"""An edit history begins with the version that the viewer could read first (protocol §1)."""

from dataclasses import dataclass

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.ids import HERE
from domain.kinds import History
from storage.queries.posts import edit
from storage.tx import Tx
from storage.views.posts import visible
from storage.views.versions import former_versions
from tests.support.factories import (
    add_community,
    add_follow,
    add_membership,
    add_origin,
    add_person,
    add_post,
    add_remote,
    add_reply,
    add_sister,
    member,
)

MINUTE = 60_000


@dataclass
class Told:
    """A post that said one, two and three, each for a minute, and a Tx of now."""

    tx: Tx
    start: int
    ana: int

    def post(self, audience: Audience, *, author: int = 0, root: int = 0, **values: object) -> int:
        wrote = author or self.ana
        made: dict[str, object] = {"created_at": self.start, "content": "one", **values}
        if root:
            post = add_reply(self.tx, wrote, root, audience=audience, **made)
        else:
            post = add_post(self.tx, wrote, audience, **made)  # type: ignore[arg-type]
        for number, words in enumerate(("two", "three"), start=1):
            self.says(post, words, self.start + number * MINUTE)
        return post

    def says(self, post: int, words: str, at: int) -> None:
        edit(
            self.tx,
            post,
            content=words,
            source=None,
            summary="",
            sensitive=False,
            language=None,
            edited_at=at,
        )

    def shown(self, post: int, viewer: Viewer) -> list[str]:
        """Every version that this viewer is shown, the present one last."""
        now = visible(self.tx, post, viewer).row.content
        return [*(one.content for one in former_versions(self.tx, post, viewer)), now]

    def after(self, minutes: float) -> int:
        return self.start + int(minutes * MINUTE)


@pytest.fixture
def told(tx: Tx) -> Told:
    return Told(tx, tx.now - 60 * MINUTE, add_person(tx, "ana", created_at=0))


ALL = ["one", "two", "three"]
# When the right began, in minutes after the first version, and what is shown then.
BEGAN = {
    "before the post": (-1, ALL),
    "with the first": (0.5, ALL),
    "as the second replaced the first": (1, ["two", "three"]),
    "with the second": (1.5, ["two", "three"]),
    "after the last edit": (5, ["three"]),
}


@pytest.mark.both
@pytest.mark.parametrize(("minutes", "words"), BEGAN.values(), ids=list(BEGAN))
def test_followers_see_from_the_version_at_their_acceptance(
    told: Told, minutes: float, words: list[str]
) -> None:
    bo = add_person(told.tx, "bo")
    add_follow(told.tx, bo, told.ana, accepted_at=told.after(minutes))
    post = told.post(Audience.followers(told.ana))
    assert told.shown(post, member(bo)) == words
    assert told.shown(post, member(told.ana)) == ALL, "the author sees everything"


@pytest.mark.parametrize(("minutes", "words"), BEGAN.values(), ids=list(BEGAN))
def test_followers_of_somebody_elsewhere_too(told: Told, minutes: float, words: list[str]) -> None:
    bo, far = add_person(told.tx, "bo"), add_remote(told.tx, "far")
    add_follow(told.tx, bo, far, accepted_at=told.after(minutes))
    post = told.post(Audience.followers(far), author=far)
    assert told.shown(post, member(bo)) == words


@pytest.mark.both
@pytest.mark.parametrize(("minutes", "words"), BEGAN.values(), ids=list(BEGAN))
@pytest.mark.parametrize("history", History)
def test_members_see_by_the_communitys_history_rule(
    told: Told, history: History, minutes: float, words: list[str]
) -> None:
    bo = add_person(told.tx, "bo")
    knots = add_community(told.tx, "knots", history=history)
    add_membership(told.tx, knots, bo, since=told.after(minutes))
    post = told.post(Audience.community(knots))
    # Whether a late member may read the post at all is asked elsewhere.
    before = [one.content for one in former_versions(told.tx, post, member(bo))]
    assert [*before, "three"] == (ALL if history is History.ALL else words)


@pytest.mark.parametrize(("minutes", "words"), BEGAN.values(), ids=list(BEGAN))
@pytest.mark.parametrize("audience", [Audience.network(HERE), Audience.node(HERE)], ids=str)
def test_colleagues_see_from_when_they_came(
    told: Told, audience: Audience, minutes: float, words: list[str]
) -> None:
    bo = add_person(told.tx, "bo", created_at=told.after(minutes))
    post = told.post(audience)
    assert told.shown(post, member(bo)) == words


def test_a_sisters_post_is_read_with_its_whole_history(told: Told) -> None:
    origin = add_origin(told.tx, "https://lab.example")
    add_sister(told.tx, origin, since=told.start)
    far = add_remote(told.tx, "far", "https://lab.example")
    post = told.post(Audience.network(origin), author=far, origin_id=origin)
    assert told.shown(post, member(told.ana)) == ALL


def test_what_anybody_may_read_was_so_from_the_beginning(told: Told) -> None:
    bo = add_person(told.tx, "bo")
    post = told.post(Audience.public())
    assert told.shown(post, ANONYMOUS) == told.shown(post, member(bo)) == ALL


def test_who_is_named_sees_everything_unless_they_only_came_to_follow(told: Told) -> None:
    bo, cy = add_person(told.tx, "bo"), add_person(told.tx, "cy")
    add_follow(told.tx, cy, told.ana, accepted_at=told.after(1.5))
    direct = told.post(Audience.direct(), named=(bo,))
    for_followers = told.post(Audience.followers(told.ana), named=(bo, cy))
    assert told.shown(direct, member(bo)) == ALL
    assert told.shown(for_followers, member(bo)) == ALL
    assert told.shown(for_followers, member(cy)) == ["two", "three"]


def test_an_answer_is_shown_only_since_its_thread_was_open_too(told: Told) -> None:
    bo = add_person(told.tx, "bo")
    add_follow(told.tx, bo, told.ana, accepted_at=told.after(1.5))
    root = add_post(told.tx, told.ana, Audience.followers(told.ana), created_at=told.start)
    answer = told.post(Audience.direct(), root=root, named=(bo,))
    assert told.shown(answer, member(bo)) == ["two", "three"]
