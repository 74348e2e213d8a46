"""The same Creates stored together and one by one, and all that is in the database afterwards."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final, TypeVar

from sqlalchemy import Select, select

from activitypub.parse.posts import NoteDocument
from domain.ids import time_of
from federation.authentication import Signer
from federation.signatures import Scheme
from inbox import together
from inbox.at_once import _do
from inbox.handlers import HANDLERS
from inbox.intake import take_in
from inbox.signed import SignedActivity
from inbox.together import Said
from jobs.queue import TOPIC
from social.link_previews import LOOK, SPREAD_MS
from storage.database import now_ms
from storage.errors import StorageError
from storage.sessions import Session
from storage.tables import metadata
from storage.tx import Tx
from tests.inbox.arriving import SPECIAL, Coming, Post
from tests.inbox.town import Town
from tests.support.factories import NODE

T = TypeVar("T")
Row = dict[str, Any]
Tables = dict[str, list[Row]]

_ALL: Final[dict[str, Select[Any]]] = {
    table.name: select(*table.c) for table in metadata.sorted_tables
}
#: Rows are named before those that speak of them.
_FIRST: Final = ("link_previews", "posts", "intake", "notifications", "files", "quotes")
_ORDERED: Final = [*_FIRST, *(name for name in _ALL if name not in {*_FIRST, "jobs"}), "jobs"]
_NUMBER: Final = re.compile(r"[0-9]{13,19}")


class Way:
    """Stores Creates in one session, each unit of work of its own, and remembers what it said."""

    def __init__(self, session: Session, now: int) -> None:
        self.session = session
        self.now = now
        self.notices: list[tuple[str, bytes]] = []
        self.effects = 0

    def unit(self, call: Callable[[Tx], T]) -> T:
        """Raises what `call` raises, and then nothing of it is stored."""
        self.session.execute("SAVEPOINT unit", ())
        tx = Tx(self.session, self.now)
        try:
            found = call(tx)
        except Exception:
            tx.end()
            self.session.execute("ROLLBACK TO unit", ())
            raise
        self.session.execute("RELEASE unit", ())
        self.notices += tx.notices
        self.effects += len(tx.effects)
        return found

    def together(self, coming: Sequence[SignedActivity]) -> list[bool]:
        """As `inbox.together` does; for each, whether it was stored so."""
        meant = [_meaning(signed) for signed in coming]
        going = [
            (place, Said(signed, note))
            for place, (signed, note) in enumerate(zip(coming, meant, strict=True))
            if isinstance(note, NoteDocument) and together.may_go(signed, note)
        ]
        found = [False] * len(coming)
        if going:
            stored = self.unit(
                lambda tx: together.store(tx, node=NODE, said=[said for _, said in going])
            )
            for (place, _), is_stored in zip(going, stored, strict=True):
                found[place] = is_stored
        return found

    def alone(self, signed: SignedActivity) -> None:
        """The long way: at once, else by a job (`inbox/at_once`, `inbox/intake`)."""
        if not self._at_once(signed):
            signer = Signer(signed.signer, f"{signed.signer.uri}#main-key", Scheme.CAVAGE)
            body = signed.body or b""
            self.unit(lambda tx: take_in(tx, signer=signer, activity=signed.activity, body=body))

    def _at_once(self, signed: SignedActivity) -> bool:
        handler, meaning = HANDLERS[signed.activity.type], _meaning(signed)
        if meaning is None:
            return False
        try:
            return self.unit(
                lambda tx: _do(
                    tx, node=NODE, handler=handler, signed=signed, meaning=meaning, members=None
                )
            )
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - as inbox/at_once
            return False

    def dump(self) -> Tables:
        """Every row of every table."""
        tx = Tx(self.session, self.now)
        found = {}
        for name, statement in _ALL.items():
            columns = [column.name for column in statement.selected_columns]
            found[name] = [dict(zip(columns, row, strict=True)) for row in tx.all(statement)]
        return found


def _meaning(signed: SignedActivity) -> Any:
    handler = HANDLERS[signed.activity.type]
    assert handler.at_once is not None
    try:
        return handler.at_once(signed)
    except Exception:  # noqa: BLE001 - as inbox/at_once
        return None


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """What is done inside is forgotten, and all before it stays."""
    session.execute("SAVEPOINT way", ())
    try:
        yield
    finally:
        session.execute("ROLLBACK TO way", ())
        session.execute("RELEASE way", ())


class Compared:
    """All rows and hints of one way in words that do not depend on ids made on the way.

    What may differ, and nothing else: the moment within twenty seconds when a page is looked at,
    which is drawn by lot; how often an author's figures were written (`version`), since that is
    done once for all posts of a unit; and which of several notifications of one unit came first.
    """

    def __init__(self, before: Tables, way: Way) -> None:
        self._now = way.now
        self._before = {
            table: {row["id"] for row in rows if "id" in row} for table, rows in before.items()
        }
        self._old = set().union(*self._before.values())
        self._versions = {row["id"]: row["version"] for row in before["actors"]}
        self._names: dict[int, str] = {}
        after = way.dump()
        self._name_posts(after["posts"])
        ranks = _ranks(after, self._before["posts"])
        self.rows: dict[str, Counter[str]] = {}
        for table in _ORDERED:
            self.rows[table] = Counter([self._row(table, row, ranks) for row in after[table]])
        # That there is work is said once in each unit; all else is compared one by one.
        said = [(topic, self._said(payload)) for topic, payload in way.notices]
        self.notices = Counter(one for one in said if one[0] != TOPIC)
        self.notices |= Counter({one for one in said if one[0] == TOPIC})
        self.effects = way.effects

    def _name_posts(self, rows: Sequence[Row]) -> None:
        """Every row may speak of them. Ours have an address made of their number."""
        for row in rows:
            if row["id"] not in self._before["posts"] and str(row["id"]) not in row["uri"]:
                self._names[row["id"]] = f"post {row['uri']}"
        for row in rows:
            if row["id"] not in {*self._before["posts"], *self._names}:
                about = self._names.get(row["share_of_id"], row["share_of_id"])
                self._names[row["id"]] = f"post of {row['author_id']} {about} {row['content']}"

    def _row(self, table: str, row: Row, ranks: Mapping[tuple[str, int], object]) -> str:
        row = dict(row)
        identifier = row.get("id")
        is_new = isinstance(identifier, int) and identifier not in self._before[table]
        if table == "jobs" and row["kind"] == LOOK and is_new:
            assert 0 <= row["run_at"] - self._now <= SPREAD_MS
            row["run_at"] = "soon"
        if table == "actors":
            row["version"] = row["version"] != self._versions.get(row["id"])
        if is_new or table == "jobs":
            row["id"] = ranks.get((table, row_id(identifier)), "new")
        said = repr(sorted((name, self._said(value)) for name, value in row.items()))
        if is_new and table != "jobs":  # their ids come from elsewhere, and nothing speaks of them
            self._names.setdefault(row_id(identifier), f"{table} {said}")
        return said

    def _said(self, value: Any) -> Any:
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str):
            return _NUMBER.sub(lambda found: str(self._named(int(found[0]))), value)
        if isinstance(value, int) and not isinstance(value, bool):
            return self._named(value)
        return value

    def _named(self, number: int) -> object:
        """What an id made on the way stands for; other numbers are what they are."""
        is_new = number not in self._old and abs(time_of(number) - self._now) < 3_600_000
        return self._names.get(number, "a new id" if is_new else number)


def row_id(identifier: object) -> int:
    assert isinstance(identifier, int)
    return identifier


def _ranks(after: Tables, old: set[int]) -> dict[tuple[str, int], object]:
    """What ids say beside naming: the order of posts that are fresh, the time of the others; the
    order of jobs with one key.
    """
    ranks: dict[tuple[str, int], object] = {}
    fresh = sorted(
        row["id"]
        for row in after["posts"]
        if row["id"] not in old and row["stored_at"] - row["created_at"] < 2_000
    )
    for row in after["posts"]:
        ranks["posts", row["id"]] = time_of(row["id"])
    ranks |= {("posts", identifier): f"fresh {place}" for place, identifier in enumerate(fresh)}
    keys: Counter[str] = Counter()
    for row in sorted(after["jobs"], key=lambda one: int(one["id"])):
        if row["order_key"]:
            keys[row["order_key"]] += 1
            ranks["jobs", row["id"]] = f"job {keys[row['order_key']]}"
    return ranks


def differences(one: Compared, other: Compared) -> list[str]:
    """What the one has and the other has not, line by line; `+` is the first's."""
    found = []
    for table, rows in one.rows.items():
        found += [f"+ {table} {line}" for line in (rows - other.rows[table]).elements()]
        found += [f"- {table} {line}" for line in (other.rows[table] - rows).elements()]
    if one.notices != other.notices:
        found += [f"+ {line}" for line in (one.notices - other.notices).elements()]
        found += [f"- {line}" for line in (other.notices - one.notices).elements()]
    if one.effects or other.effects:
        found.append("effects after the commit, which nobody compares yet")
    return found


Came = list[tuple[Coming, bool]]
"""What came, and whether it was stored together."""


def both_ways(session: Session, number: int, *, spoilt: bool = False) -> tuple[list[str], Came]:
    """The differences in the world of this number after some units of posts, and what came.

    `spoilt`: as nobody honest writes. Leaves nothing in the database.
    """
    random, now = Random(number), now_ms()
    session.begin()
    try:
        town = Town(Tx(session, now), random)
        rounds = _rounds(Post(town, random, now), random, number, spoilt=spoilt)
        before = Way(session, now).dump()
        with undone(session):
            one = Way(session, now)
            came = [_arrive(one, each) for each in rounds]
            first = Compared(before, one)
        with undone(session):
            other = Way(session, now)
            for each in came:  # in the same order: first what went together
                for coming, _ in sorted(each, key=lambda pair: not pair[1]):
                    other.alone(coming.signed)
            second = Compared(before, other)
        return differences(first, second), [pair for each in came for pair in each]
    finally:
        session.rollback()


def _rounds(post: Post, random: Random, number: int, *, spoilt: bool) -> list[list[Coming]]:
    if spoilt:
        return [post.spoilt(12)]
    special = list(SPECIAL)[number % len(SPECIAL)]
    return [post.coming(random.randint(1, 6)), post.coming(random.randint(0, 8), special)]


def _arrive(way: Way, coming: list[Coming]) -> Came:
    """Store what goes together, and then what does not."""
    gone = way.together([each.signed for each in coming])
    for each, is_stored in zip(coming, gone, strict=True):
        if not is_stored:
            way.alone(each.signed)
    return list(zip(coming, gone, strict=True))
