"""Whom somebody lets tell them things: what a policy holds back or drops, and requests."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from domain.audience import Audience
from domain.errors import NotFound
from domain.kinds import Limit, NotificationKind
from domain.notifying import NEW_FOLLOWER_MS, NEW_MS, Policy, Stance
from social.hearing import accept, choose, dismiss
from social.notifications import notify
from social.tidying import HELD_DAYS, let_go
from social.timelines import DAY_MS
from storage.database import Database
from storage.queries import held_back as requests
from storage.queries import policies
from storage.queries.follows import remove as unfollow
from storage.tables.notifying import requests as table
from storage.tx import Tx
from storage.views import held_back
from storage.views.notifications import Wanted, count_newer, is_visible, page
from storage.views.paging import Page
from tests.support.factories import add_follow, add_node, add_person, add_post, add_reply, member
from tests.support.overlapping import overlapping

pytestmark = pytest.mark.both

LIKE, MENTION = NotificationKind.LIKE, NotificationKind.MENTION
RULES = ("not_following", "not_followers", "new_accounts", "private_mentions", "limited_accounts")


class Talk:
    """Ana, who chooses, and Bo, a stranger to her whom every rule means."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.node = add_node(tx)
        self.ana = add_person(tx, "ana")
        self.bo = add_person(tx, "bo", limited=Limit.SILENCED)
        self.me = member(self.ana)
        # Somebody whom no rule means: an old account, known both ways for long.
        old = tx.now - 2 * NEW_MS
        self.cy = add_person(tx, "cy", created_at=old)
        add_follow(tx, self.ana, self.cy)
        add_follow(tx, self.cy, self.ana, created_at=tx.now - 2 * NEW_FOLLOWER_MS)
        self.word = self.private_word(self.bo)

    def private_word(self, author: int) -> int:
        return add_post(self.tx, author, Audience.direct(), named=(self.ana,))

    def choose(self, **rules: Stance) -> None:
        policy = replace(Policy(limited_accounts=Stance.ACCEPT), **rules)
        choose(self.tx, actor_id=self.ana, policy=policy)

    def tell(self, sender: int, post: int, kind: NotificationKind = MENTION) -> bool:
        return notify(self.tx, actor_id=self.ana, kind=kind, from_id=sender, post_id=post)

    def listed(self, *, held: bool = False) -> list[str]:
        found = page(self.tx, self.me, Page(), Wanted(held=held))
        return [view.sender.handle for view in found]


@pytest.fixture
def talk(tx: Tx) -> Talk:
    return Talk(tx)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_holds_back_whom_it_means_and_nobody_else(talk: Talk, rule: str) -> None:
    talk.choose(**{rule: Stance.FILTER})
    assert not talk.tell(talk.bo, talk.word)
    assert talk.tell(talk.cy, talk.private_word(talk.cy))
    assert talk.listed() == ["cy"]
    assert sorted(talk.listed(held=True)) == ["bo", "cy"]
    assert count_newer(talk.tx, talk.me, 0) == 1
    (request,) = held_back.page(talk.tx, talk.me, Page())
    assert (request.sender.handle, request.count) == ("bo", 1)
    assert request.last_post is not None
    assert request.last_post.id == talk.word


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_drops_whom_it_means_and_nobody_else(talk: Talk, rule: str) -> None:
    talk.choose(**{rule: Stance.DROP})
    assert not talk.tell(talk.bo, talk.word)
    assert talk.tell(talk.cy, talk.private_word(talk.cy))
    assert talk.listed(held=True) == ["cy"]
    assert held_back.page(talk.tx, talk.me, Page()) == []


def test_who_accepts_everything_hears_of_everybody(talk: Talk) -> None:
    talk.choose()
    assert talk.tell(talk.bo, talk.word)
    assert talk.listed() == ["bo"]


def test_who_never_chose_hears_of_strangers_but_not_of_the_silenced(talk: Talk) -> None:
    dan = add_person(talk.tx, "dan")
    assert talk.tell(dan, talk.private_word(dan))
    assert not talk.tell(talk.bo, talk.word)
    assert talk.listed() == ["dan"]


def test_an_answer_in_ones_own_talk_is_no_unasked_word(talk: Talk) -> None:
    talk.choose(private_mentions=Stance.FILTER)
    mine = add_post(talk.tx, talk.ana, Audience.direct(), named=(talk.bo,))
    answer = add_reply(talk.tx, talk.bo, mine, audience=Audience.direct(), named=(talk.ana,))
    assert talk.tell(talk.bo, answer)
    assert not talk.tell(talk.bo, talk.word)


def test_a_follower_of_yesterday_is_none_yet(talk: Talk) -> None:
    talk.choose(not_followers=Stance.FILTER)
    add_follow(talk.tx, talk.bo, talk.ana)
    assert not talk.tell(talk.bo, talk.word)


def test_what_was_asked_for_is_never_judged(talk: Talk) -> None:
    talk.choose(**dict.fromkeys(RULES[:4], Stance.DROP))
    helper = talk.node
    note = add_post(talk.tx, helper, Audience.direct(), named=(talk.ana,))
    assert talk.tell(helper, note, NotificationKind.NOTICE)
    post = add_post(talk.tx, talk.cy)
    assert talk.tell(talk.cy, post, NotificationKind.EDIT)


def test_accepting_brings_what_waited_and_all_that_follows(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    talk.tell(talk.bo, talk.word)
    talk.tell(talk.bo, add_post(talk.tx, talk.ana), LIKE)
    (request,) = held_back.page(talk.tx, talk.me, Page())
    assert request.count == 2
    assert held_back.waiting(talk.tx, talk.me) == held_back.Waiting(1, 2)
    accept(talk.tx, actor_id=talk.ana, request_ids=[request.id], each=True)
    assert talk.listed() == ["bo", "bo"]
    assert held_back.waiting(talk.tx, talk.me) == held_back.Waiting(0, 0)
    assert talk.tell(talk.bo, talk.private_word(talk.bo))
    talk.choose(not_following=Stance.DROP)
    assert talk.tell(talk.bo, talk.private_word(talk.bo))


def test_dismissing_lets_it_go_and_the_next_is_judged_anew(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    talk.tell(talk.bo, talk.word)
    (request,) = held_back.page(talk.tx, talk.me, Page())
    dismiss(talk.tx, actor_id=talk.ana, request_ids=[request.id], each=True)
    assert talk.listed(held=True) == []
    with pytest.raises(NotFound):
        held_back.request(talk.tx, talk.me, request.id)
    assert not talk.tell(talk.bo, talk.private_word(talk.bo))
    assert len(held_back.page(talk.tx, talk.me, Page())) == 1


def test_Z02_nobody_decides_about_anothers_requests(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    talk.tell(talk.bo, talk.word)
    (request,) = held_back.page(talk.tx, talk.me, Page())
    for act in (accept, dismiss):
        with pytest.raises(NotFound):
            act(talk.tx, actor_id=talk.cy, request_ids=[request.id], each=True)
        act(talk.tx, actor_id=talk.cy, request_ids=[request.id])
    with pytest.raises(NotFound):
        held_back.request(talk.tx, member(talk.cy), request.id)
    assert held_back.page(talk.tx, member(talk.cy), Page()) == []
    assert held_back.request(talk.tx, talk.me, request.id).id == request.id


def test_G38_what_may_no_longer_be_read_is_not_held_back_either(talk: Talk) -> None:
    talk.choose(not_followers=Stance.FILTER)
    add_follow(talk.tx, talk.ana, talk.bo)
    post = add_post(talk.tx, talk.bo, Audience.followers(talk.bo))
    talk.tell(talk.bo, post)
    (request,) = held_back.page(talk.tx, talk.me, Page())
    unfollow(talk.tx, talk.ana, talk.bo)
    assert held_back.page(talk.tx, talk.me, Page()) == []
    assert held_back.waiting(talk.tx, talk.me) == held_back.Waiting(0, 0)
    with pytest.raises(NotFound):
        held_back.request(talk.tx, talk.me, request.id)


def test_what_is_held_back_is_told_by_no_stream(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    talk.tell(talk.bo, talk.word)
    (line,) = page(talk.tx, talk.me, Page(), Wanted(held=True))
    assert not is_visible(talk.tx, talk.me, line.id)
    requests.show(talk.tx, talk.ana, [talk.bo])
    assert is_visible(talk.tx, talk.me, line.id)


def test_requests_come_in_pages(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    for name in ("dan", "eva", "fay"):
        sender = add_person(talk.tx, name)
        talk.tell(sender, talk.private_word(sender))
    first = held_back.page(talk.tx, talk.me, Page(limit=2))
    assert [one.sender.handle for one in first] == ["fay", "eva"]
    rest = held_back.page(talk.tx, talk.me, Page(limit=2, max_id=first[-1].id))
    assert [one.sender.handle for one in rest] == ["dan"]


def test_who_leaves_leaves_no_policy_and_no_request(talk: Talk) -> None:
    talk.choose(not_following=Stance.FILTER)
    talk.tell(talk.bo, talk.word)
    policies.permit(talk.tx, talk.ana, talk.cy)
    for family in (requests, policies):
        family.forget(talk.tx, talk.ana)
    assert policies.of(talk.tx, talk.ana) == Policy()
    assert requests.senders_of(talk.tx, talk.ana, range(1, 100)) == []
    assert held_back.page(talk.tx, talk.me, Page()) == []


@pytest.mark.parametrize("decide", [accept, dismiss])
async def test_what_is_held_back_meanwhile_is_decided_too(
    database: Database, decide: Callable[..., None]
) -> None:
    """Else it waits without a request: it is in no list, and nobody can ask for it."""

    def fill(tx: Tx) -> tuple[Talk, list[int]]:
        talk = Talk(tx)
        talk.choose(not_following=Stance.FILTER)
        talk.tell(talk.bo, talk.word)
        again = talk.private_word(talk.bo)
        return talk, [again, *(one.id for one in held_back.page(tx, talk.me, Page()))]

    talk, (again, request) = await database.write(fill)
    pair = {"actor_id": talk.ana, "from_id": talk.bo}
    await overlapping(
        database,
        lambda tx: notify(tx, kind=MENTION, post_id=again, **pair),
        lambda tx: decide(tx, actor_id=talk.ana, request_ids=[request]),
    )

    def look(tx: Tx) -> tuple[int, int, int]:
        everything = page(tx, talk.me, Page(), Wanted(held=True))
        waiting = held_back.waiting(tx, talk.me)
        return len(everything), len(page(tx, talk.me, Page())), waiting.notifications

    expected = (2, 2, 0) if decide is accept else (0, 0, 0)
    assert await database.read(look) == expected


async def test_what_is_held_back_is_let_go_after_thirty_days(database: Database) -> None:
    def fill(tx: Tx) -> Talk:
        talk = Talk(tx)
        talk.choose(not_following=Stance.FILTER)
        dan = add_person(tx, "dan")
        fresh = tx.now
        tx.now = fresh - HELD_DAYS * DAY_MS
        for sender in (talk.bo, dan):
            talk.tell(sender, talk.private_word(sender))
        talk.tell(talk.cy, talk.private_word(talk.cy))
        tx.now = fresh
        talk.tell(dan, talk.private_word(dan))
        return talk

    def kept(tx: Tx) -> int:
        return len(tx.all(select(table.c.id)))

    talk = await database.write(fill)

    def look(tx: Tx) -> tuple[list[tuple[str, int]], list[str]]:
        waiting = [(one.sender.handle, one.count) for one in held_back.page(tx, talk.me, Page())]
        return sorted(waiting), [view.sender.handle for view in page(tx, talk.me, Page())]

    now = await database.read(lambda tx: tx.now)
    await let_go(database, now=now - DAY_MS)
    assert await database.read(look) == ([("bo", 1), ("dan", 2)], ["cy"])
    await let_go(database, now=now + DAY_MS)
    assert await database.read(look) == ([("dan", 1)], ["cy"])  # what is in the list stays
    assert await database.read(kept) == 1
    await let_go(database, now=now + DAY_MS)
    assert await database.read(kept) == 1
