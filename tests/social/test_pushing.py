"""Pushes that wait: what they say is asked when they are sent, and by whom it may be read."""

from os import urandom
from pathlib import Path

import orjson
import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from domain.audience import Audience
from domain.kinds import MembershipState, NotificationKind
from domain.pushes import Audience as Whose
from domain.pushes import bit_for, packed, unpacked, words_for
from federation.keyring import Keyring
from federation.web_push import Recipient, WebPush
from social import apps
from social.notifications import notify
from social.pushing import Device, Ready, Wish, prepare, subscribe
from storage.queries import communities, pushes
from storage.queries.jobs import claim
from storage.tables.accounts import tokens
from storage.tx import Tx
from tests.support.factories import (
    NODE,
    add_community,
    add_membership,
    add_node,
    add_person,
    add_post,
)
from tests.support.push_services import App

MENTION = NotificationKind.MENTION


class Phone:
    """Ana's phone, which wants to hear of everything."""

    def __init__(self, tx: Tx, folder: Path, scopes: str = "read push") -> None:
        self.tx = tx
        self.push = WebPush(Keyring(folder), "")
        add_node(tx)
        self.ana, self.bo = add_person(tx, "ana"), add_person(tx, "bo")
        apps.issue(tx, app_id=None, account_id=self.ana, granted=scopes)
        self.token_id = _newest_token(tx)
        app = App()
        device = Device(
            "https://push.example/x",
            Recipient(app.point, app.auth, standard=True),
            self.push.seal("the token"),
        )
        everything = Wish(packed(unpacked(0)))
        subscribe(tx, actor_id=self.ana, token_id=self.token_id, device=device, wish=everything)

    def told(self, post_id: int) -> tuple[int, int]:
        """Ana is told of a post of Bo's; what waits for the phone."""
        notify(self.tx, actor_id=self.ana, kind=MENTION, from_id=self.bo, post_id=post_id)
        found = claim(self.tx, worker=1, kinds=["push"], limit=9, lease_ms=1000)
        assert len(found) == 1
        subscription, notification, _ = orjson.loads(found[0].payload)
        return subscription, notification

    def ready(self, ids: tuple[int, int]) -> Ready | None:
        return prepare(self.tx, node=NODE, push=self.push, ids=ids)


def _newest_token(tx: Tx) -> int:
    return tx.one(select(func.max(tokens.c.id)))[0]


def test_G37_a_push_about_a_community_ends_with_the_membership(tx: Tx, tmp_path: Path) -> None:
    phone = Phone(tx, tmp_path)
    club = add_community(tx, "club")
    for one in (phone.ana, phone.bo):
        add_membership(tx, club, one)
    post = add_post(tx, phone.bo, Audience.community(club), place_id=club, named=(phone.ana,))
    waiting = phone.told(post)
    ready = phone.ready(waiting)
    assert ready is not None
    said = orjson.loads(ready.plain)
    assert (said["title"], said["body"], said["access_token"]) == (
        "Bo wrote to you",
        "words",
        "the token",
    )
    row = communities.member(tx, club, phone.ana)
    assert row is not None
    communities.put_member(tx, replace(row, state=MembershipState.REMOVED))
    assert phone.ready(waiting) is None


def test_P08_the_queue_holds_no_words(tx: Tx, tmp_path: Path) -> None:
    phone = Phone(tx, tmp_path)
    waiting = phone.told(add_post(tx, phone.bo, content="<p>canary</p>"))
    assert all(isinstance(one, int) for one in waiting)
    assert phone.ready(waiting) is not None
    row = pushes.live(tx, waiting[0])
    assert row is not None
    assert b"the token" not in row.sealed_token
    assert "push.example" not in repr(row)


def test_old_news_is_not_sent(tx: Tx, tmp_path: Path) -> None:
    phone = Phone(tx, tmp_path)
    waiting = phone.told(add_post(tx, phone.bo))
    old = waiting[1] - (waiting[1] >> 1)  # an id of years ago
    assert phone.ready(waiting) is not None
    assert phone.ready((waiting[0], old)) is None


def test_a_token_without_the_scope_is_sent_nothing(tx: Tx, tmp_path: Path) -> None:
    phone = Phone(tx, tmp_path, scopes="read")
    assert phone.ready(phone.told(add_post(tx, phone.bo))) is None


def test_a_subscription_replaces_that_of_its_token(tx: Tx, tmp_path: Path) -> None:
    phone = Phone(tx, tmp_path)
    device = Device("https://push.example/new", Recipient(urandom(65), urandom(16), True), b"")
    wish = Wish(packed(["mention"]), Whose.FOLLOWED)
    subscribe(tx, actor_id=phone.ana, token_id=phone.token_id, device=device, wish=wish)
    assert len(pushes.wanting(tx, [phone.ana], bit_for(MENTION))[phone.ana]) == 1
    assert pushes.wanting(tx, [phone.ana], bit_for(NotificationKind.LIKE)) == {}
    row = pushes.of_token(tx, phone.token_id)
    assert row is not None
    assert (row.endpoint, row.audience) == ("https://push.example/new", Whose.FOLLOWED)
    pushes.forget(tx, phone.ana)
    assert pushes.of_token(tx, phone.token_id) is None


@pytest.mark.parametrize("kind", list(NotificationKind), ids=lambda kind: kind.name.lower())
def test_every_kind_has_words_and_an_alert_unless_apps_know_none(kind: NotificationKind) -> None:
    words = words_for(kind, name="Ana", warning="", text="one\n\ntwo")
    assert words.title.startswith(("Ana", "A poll of Ana"))
    assert words.body == "one two"
    assert bool(bit_for(kind)) == (kind is not NotificationKind.MOVED)


def test_words_are_shortened_and_warnings_come_first() -> None:
    words = words_for(MENTION, name="N" * 300, warning="", text="w " * 300)
    assert (len(words.title) <= 120, len(words.body)) == (True, 140)
    assert words_for(MENTION, name="Ana", warning="Novel", text="It ends").body == "Novel"
