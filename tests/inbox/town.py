"""A town for posts that arrive: people of every kind here and elsewhere, drawn from a seed."""

from random import Random
from typing import Any, Final

from domain.audience import Audience
from domain.kinds import (
    AccountState,
    ActorType,
    FollowState,
    Joining,
    Limit,
    NotificationKind,
    Preset,
    RepliesPolicy,
    Role,
)
from domain.notifying import Policy, Stance
from domain.pushes import Audience as Wanted
from domain.pushes import bit_for
from domain.quotes import QuoteState
from inbox.intake import PROCESS
from jobs.queue import enqueue
from storage.queries import (
    accounts,
    actors,
    followed_tags,
    intake,
    lists,
    muted_threads,
    policies,
    posts,
    pushes,
    quotes,
)
from storage.queries.ids import new_id
from storage.queries.pushes import Subscription
from storage.queries.quotes import QuoteRow
from storage.tables.accounts import tokens
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import (
    NODE,
    add_actor,
    add_block,
    add_community,
    add_domain_block,
    add_follow,
    add_membership,
    add_mute,
    add_node,
    add_person,
    add_post,
    add_remote,
    put,
    put_community,
)

FAR: Final = "https://far.example"
NEAR: Final = "https://near.example"
TAGS: Final = ("bread", "learning", "straße")
DAY: Final = 24 * 3_600_000

#: Ids of posts of which something is here already, by what.
KNOWN: Final = f"{FAR}/o/known"
BURIED: Final = f"{FAR}/o/buried"
BURIED_BY_ANOTHER: Final = f"{FAR}/o/buried-by-another"
ANSWERED: Final = f"{FAR}/o/answered-already"
QUOTED: Final = f"{FAR}/o/quoted-already"
IN_LINE: Final = f"{FAR}/o/in-line"
#: The id of an activity that Zoe sent before, about something else.
SAID_BEFORE: Final = f"{FAR}/act/said-before"
OURS: Final = f"{NODE.origin}/o/ours"


class Town:
    """Who is here and elsewhere, and what stands between them. Everybody by a short name."""

    def __init__(self, tx: Tx, random: Random) -> None:
        self._random = random
        self.ids: dict[str, int] = {"helper": add_node(tx)}
        self._settle(tx)
        self._places(tx)
        for one in self.here:
            self._wishes(tx, self.ids[one])
        for one in self.here:
            for other in self.authors:
                self._between(tx, self.ids[one], self.ids[other])
        self._what_is_known(tx)
        self.views: dict[str, ActorView] = {}
        for name, identifier in self.ids.items():
            view = actors.by_id(tx, identifier)
            assert view is not None
            self.views[name] = view

    #: Whom posts may name, and who writes them.
    here: Final = ("ana", "bo", "gina", "sue", "dot", "cy", "program")
    authors: Final = ("zoe", "yan", "sil", "kim", "lone", "bot", "group")

    def _settle(self, tx: Tx) -> None:
        people: dict[str, dict[str, Any]] = {
            "ana": {},
            "bo": {"home_fresh_until": 0},
            "gina": {"role": Role.GUEST},
            "sue": {},
            "dot": {"role": Role.MODERATOR},
            "cy": {"locked": True},
        }
        for name, values in people.items():
            self.ids[name] = add_person(tx, name, **values)
        accounts.set_state(tx, self.ids["sue"], AccountState.SUSPENDED)
        self.ids["program"] = add_actor(tx, "program", type=ActorType.SERVICE)
        self.ids["zoe"] = add_remote(tx, "zoe", FAR, created_at=tx.now - 90 * DAY)
        self.ids["yan"] = add_remote(tx, "yan", FAR, followers=None)
        self.ids["sil"] = add_remote(tx, "sil", FAR, limited=Limit.SILENCED)
        # Asked for last a week ago, so it is time again.
        self.ids["kim"] = add_remote(tx, "kim", NEAR, fetched_at=tx.now - 7 * DAY)
        self.ids["lone"] = add_remote(tx, "lone", NEAR)
        self.ids["bot"] = add_remote(tx, "bot", NEAR, type=ActorType.SERVICE)
        self.ids["rem"] = add_remote(tx, "rem", NEAR)

    def _places(self, tx: Tx) -> None:
        self.ids["circle"] = add_community(tx, "circle")
        self.ids["square"] = add_actor(tx, "square", type=ActorType.GROUP)
        self.ids["group"] = add_remote(tx, "books", NEAR, type=ActorType.GROUP)
        for place in ("square", "group"):
            put_community(tx, self.ids[place], preset=Preset.WORLD, joining=Joining.OPEN)
        add_membership(tx, self.ids["circle"], self.ids["ana"])
        add_membership(tx, self.ids["group"], self.ids["cy"])

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _wishes(self, tx: Tx, person: int) -> None:
        """What somebody chose for themselves alone."""
        if self._maybe(0.4):
            stances = {rule: self._random.choice(list(Stance)) for rule in Policy.__struct_fields__}
            policies.put(tx, person, Policy(**stances))
        for tag in TAGS:
            if self._maybe(0.35):
                followed_tags.add(tx, person, tag)
        if self._maybe(0.15):
            add_domain_block(tx, person, self._random.choice([FAR, NEAR]).removeprefix("https://"))
        if self._maybe(0.5):
            self._phone(tx, person)

    def _phone(self, tx: Tx, person: int) -> None:
        token = new_id(tx)
        given = {"hash": str(token).encode(), "app_id": 1, "account_id": person, "scopes": "push"}
        put(tx, tokens, id=token, **given, code_hash=None, created_at=tx.now, revoked_at=None)
        alerts = sum(
            bit_for(kind)
            for kind in (NotificationKind.MENTION, NotificationKind.STATUS)
            if self._maybe(0.7)
        )
        pushes.put(
            tx,
            Subscription(
                *(new_id(tx), token, person, "https://push.example/x", b"", b""),
                *(True, alerts, Wanted.ALL, b"", tx.now),
            ),
        )

    def _between(self, tx: Tx, one: int, other: int) -> None:
        """What stands between somebody here and somebody elsewhere. Nobody follows `lone`."""
        if self._maybe(0.4) and other != self.ids["lone"]:
            add_follow(
                tx,
                one,
                other,
                state=FollowState.PENDING if self._maybe(0.2) else FollowState.ACCEPTED,
                shares=self._maybe(0.7),
                notify=self._maybe(0.4),
                languages=self._random.choice(["", "", "", "en", "de en"]),
            )
            if self._maybe(0.2):
                is_exclusive = self._maybe(0.5)
                choice = lists.insert_list(
                    *(tx, one), title="x", replies_policy=RepliesPolicy.LIST, exclusive=is_exclusive
                )
                lists.add_members(tx, choice, [other])
        if self._maybe(0.2):
            add_follow(tx, other, one, created_at=tx.now - self._random.choice([0, 9 * DAY]))
        if self._maybe(0.05):
            add_block(tx, *self._random.choice([(one, other), (other, one)]))
        if self._maybe(0.12):
            until = self._random.choice([None, tx.now - 1, tx.now, tx.now + DAY])
            add_mute(tx, one, other, notifications=self._maybe(0.6), until=until)
        if self._maybe(0.1):
            policies.permit(tx, one, other)

    def _what_is_known(self, tx: Tx) -> None:
        zoe, ana = self.ids["zoe"], self.ids["ana"]
        far, public = self.origin(tx, "zoe"), Audience.public()
        elsewhere: dict[str, Any] = {"origin_id": far, "source": None}
        add_post(tx, zoe, public, uri=KNOWN, **elsewhere)
        add_post(tx, ana, public, uri=OURS)
        early = add_post(
            *(tx, self.ids["yan"], public),
            uri=f"{FAR}/o/early",
            reply_to_uri=ANSWERED,
            **elsewhere,
        )
        muted_threads.add(tx, self.ids["bo"], early)
        quoting = add_post(
            tx, self.ids["yan"], public, uri=f"{FAR}/o/quoting", quote_uri=QUOTED, **elsewhere
        )
        said = a_quote(tx, self.ids["yan"], f"{FAR}/o/quoting", QUOTED, post_id=quoting)
        quotes.put(tx, said)
        posts.bury(tx, BURIED, f"{FAR}/a/{zoe}")
        posts.bury(tx, BURIED_BY_ANOTHER, f"{FAR}/a/nobody")
        enqueue(tx, PROCESS, 0, order_key=f"{PROCESS} {zoe} {IN_LINE}")
        intake.take(tx, origin_id=far, activity_uri=SAID_BEFORE, signer_id=zoe, body=None)

    def origin(self, tx: Tx, name: str) -> int:
        view = actors.by_id(tx, self.ids[name])
        assert view is not None
        return view.origin_id


def a_quote(
    tx: Tx, quoter: int, uri: str, quoted_uri: str, *, post_id: int | None = None
) -> QuoteRow:
    """A quote of a post that is not here yet."""
    return QuoteRow(
        id=new_id(tx),
        uri=uri,
        post_id=post_id,
        quoter_id=quoter,
        quoted_uri=quoted_uri,
        quoted_id=None,
        state=QuoteState.PENDING,
        unasked=False,
        counted=False,
        request_uri=None,
        authorization_uri=None,
        created_at=tx.now,
        checked_at=0,
    )
