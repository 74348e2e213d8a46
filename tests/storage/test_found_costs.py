"""What others may read costs a stranger's question nothing: a clock tells no more than the answer.

Counted are the steps of SQLite's machine, which no load of the computer changes.
"""

from collections.abc import Callable
from typing import Any

import pytest

from domain.audience import ANONYMOUS, Audience, Viewer
from domain.kinds import Role
from domain.words import question
from storage.queries import words
from storage.tx import Tx
from storage.views import found_posts, found_tags, link_previews, timelines, trends
from storage.views.paging import Page
from tests.support.factories import (
    add_community,
    add_membership,
    add_node,
    add_person,
    add_post,
    guest,
    member,
)

pytestmark = pytest.mark.only("sqlite")

Ask = Callable[[Tx, Viewer], Any]


def _finds(text: str) -> Ask:
    return lambda tx, viewer: found_posts.search(tx, viewer, question(text))


ASKED: dict[str, Ask] = {
    "a word": _finds("merger "),
    "a beginning": _finds("merg"),
    "two words": _finds("merger plan "),
    "a word and a beginning": _finds("merger pl"),
    "without a word": _finds("plan -merger "),
    "tags": lambda tx, viewer: found_tags.search(tx, viewer, "me", limit=20),
    "trending tags": lambda tx, viewer: trends.tags(tx, viewer, limit=20),
    "days of a tag": lambda tx, viewer: trends.history(tx, viewer, ["merger", "lift"]),
    "trending posts": lambda tx, viewer: trends.post_ids(tx, viewer, limit=20),
    "a tag's page": lambda tx, viewer: timelines.tag_page(tx, viewer, Page(), tag="merger"),
    "public posts": lambda tx, viewer: timelines.public_page(tx, viewer, Page()),
    "local posts": lambda tx, viewer: timelines.local_page(tx, viewer, Page()),
    "trending links": lambda tx, viewer: link_previews.trending(tx, viewer, limit=20),
}


def _steps(tx: Tx, ask: Ask, viewer: Viewer) -> tuple[int, object]:
    ask(tx, viewer)  # prepared now: only running it is counted
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection = tx._session._connection  # type: ignore[attr-defined]
    connection.set_progress_handler(step, 1)
    try:
        found = ask(tx, viewer)
    finally:
        connection.set_progress_handler(None, 1)
    return taken, found


def _say(tx: Tx, author: int, audience: Audience, *said: str, **values: Any) -> int:
    post = add_post(tx, author, audience, tags=said, likes_count=3, **values)
    words.store(tx, [(post, said)])
    return post


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
def test_G13_G14_G15_what_colleagues_say_costs_a_stranger_s_question_nothing(
    tx: Tx, ask: Ask
) -> None:
    add_node(tx)
    ana, bo = add_person(tx, "ana"), add_person(tx, "bo")
    gina = add_person(tx, "gina", role=Role.GUEST)
    club = add_community(tx, "club")
    for one in (ana, gina):
        add_membership(tx, club, one)
    for author in (ana, bo):
        _say(tx, author, Audience.public(), "lift", "plan", "meet", link_id=1)
    _say(tx, ana, Audience.community(club), "merger", "plan", place_id=club)
    _say(tx, ana, Audience.direct(), "merger", "plan", named=(gina,))
    viewers = (ANONYMOUS, guest(gina), member(bo))
    before = [_steps(tx, ask, viewer) for viewer in viewers]
    for number in range(60):
        for audience in (Audience.network(1), Audience.node(1)):
            _say(tx, (ana, bo)[number % 2], audience, "merger", "plan", link_id=1)
    after = [_steps(tx, ask, viewer) for viewer in viewers]
    assert after[:2] == before[:2]
    assert after[2][0] > before[2][0], "of a colleague it asks more"
