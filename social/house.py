"""What the operator tells everybody: the rules, and longer texts about the node.

Where the operator gave none, there are words of our own that hold for every node. Everybody reads
these, strangers too: what is for members alone is an announcement.
"""

from datetime import UTC, date, datetime
from typing import Final

from msgspec import Struct

from domain.audience import Kind
from domain.errors import Conflict, Invalid, NotFound
from domain.house import LONGEST_HINT, LONGEST_RULE, LONGEST_TEXT, MOST_RULES, House
from domain.html import clean, clean_inline, clean_text
from domain.node import Node
from domain.text import from_plain
from storage.queries import house as stored
from storage.queries.house import RuleRow, TextRow
from storage.queries.ids import new_id
from storage.tx import Tx

WHO_READS: Final = {
    Kind.PUBLIC: "What you post as public, anyone on the internet can read.",
    Kind.NETWORK: (
        "What you post as public is read by members here and at our sister nodes, and by nobody"
        " else."
    ),
    Kind.NODE: "What you post as public is read by members here, and by nobody else.",
}
NARROWER: Final = (
    "Followers-only posts are read by those you let follow you, direct ones by the people you name."
)

FIRST_RULE: Final = 1
"""The id of the rule that holds on every node; an operator's rules have ids of their own."""

_KEEP_INSIDE: Final = "What you read here stays with those it was written for."

_PRIVACY: Final = """\
Who reads what
{who} {narrower} What is said in a community is read by its members. Whoever runs the machine \
could read what lies on it, as on every server that does not encrypt for each reader.

What is kept of you
Your handle, your e-mail address, a hash of your password, what you write and upload, whom you \
follow, and your settings. Of when you are here, one date is kept so that your home page is ready, \
and nobody is shown it. Nobody but you sees figures about what you do.

Where it goes
What you write goes to the servers of its readers and to no others. The page "Where copies are" of \
each community names the servers that hold copies of what is said there. There are no advertisers, \
and nothing is measured for anybody else.

How it ends
What you delete nobody can read from that moment on, and its words are erased after 30 days. When \
you delete your account, your words outside communities, your profile and your e-mail address go \
with it. Other servers are told to do the same, and some may not.

Cookies
One cookie keeps you signed in. Addresses from which requests come are counted for some minutes to \
hold off floods.
"""


class Written(Struct, frozen=True):
    """A text as people read it: clean HTML. `since` is in ms UTC, 0 for our own words."""

    content: str
    since: int


# Rules.


def rules(tx: Tx, *, node: Node) -> list[RuleRow]:
    """The rules of this node: who reads what, and the operator's."""
    return [first_rule(node), *stored.current_rules(tx)]


def first_rule(node: Node) -> RuleRow:
    """The rule that holds on every node; its explanation says in two lines who reads what."""
    return RuleRow(FIRST_RULE, _KEEP_INSIDE, f"{WHO_READS[node.public_means]}\n{NARROWER}")


def rules_named(tx: Tx, rule_ids: list[int], *, node: Node) -> list[RuleRow]:
    """Rules by their ids, also those that hold no more."""
    first = [first_rule(node)] if FIRST_RULE in rule_ids else []
    return [*first, *stored.rules_named(tx, [one for one in rule_ids if one != FIRST_RULE])]


def add_rule(tx: Tx, *, text: str, hint: str = "") -> int:
    """Add a rule below the others; its number, by which the operator calls it.

    Raises:
        Invalid: no words, or too many.
        Conflict: too many rules.
    """
    words = _rule(new_id(tx), text, hint)
    tx.lock("rules")
    there = stored.current_rules(tx)
    if len(there) >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already. Fewer are read by more people.")
    stored.add_rule(tx, words)
    return len(there) + 1


def change_rule(tx: Tx, *, number: int, text: str, hint: str | None = None) -> None:
    """Say a rule in other words. Raises NotFound, Invalid."""
    before = _numbered(tx, number)
    why = before.hint if hint is None else hint
    stored.change_rule(tx, _rule(before.id, text, why))


def move_rule(tx: Tx, *, number: int, to: int) -> None:
    """Give a rule another place. Raises NotFound."""
    moved = _numbered(tx, number)
    ids = [row.id for row in stored.current_rules(tx) if row.id != moved.id]
    ids.insert(max(1, to) - 1, moved.id)
    stored.order_rules(tx, ids)


def remove_rule(tx: Tx, *, number: int) -> None:
    """A rule holds no more; reports that name it keep its words. Raises NotFound."""
    stored.remove_rule(tx, _numbered(tx, number).id)


def _numbered(tx: Tx, number: int) -> RuleRow:
    tx.lock("rules")
    there = stored.current_rules(tx)
    if not 0 < number <= len(there):
        raise NotFound(f"There is no rule {number}")
    return there[number - 1]


def _rule(rule_id: int, text: str, hint: str) -> RuleRow:
    words = clean_inline(text, limit=LONGEST_RULE)
    why = clean_text(hint, limit=LONGEST_HINT).strip()
    if not words or len(text) > LONGEST_RULE or len(hint) > LONGEST_HINT:
        raise Invalid(
            f"A rule has up to {LONGEST_RULE} characters, what explains it up to {LONGEST_HINT}"
        )
    return RuleRow(rule_id, words, why)


# Longer texts.


def give_text(tx: Tx, *, kind: House, text: str, holds_from: str = "") -> str:
    """Give a text of the node, in place of one for the same day; the day from which it holds.

    Lines become paragraphs, addresses links. `holds_from` is a day such as "2026-11-22"; without
    one it holds from today. Terms keep their earlier versions, other texts do not.

    Raises:
        Invalid: no words, too many, or no day.
    """
    words = clean_text(text, limit=LONGEST_TEXT).strip()
    if not words or len(text) > LONGEST_TEXT:
        raise Invalid(f"A text has between 1 and {LONGEST_TEXT} characters")
    day = _day(holds_from) if holds_from else today(tx)
    if kind is not House.TERMS:
        stored.drop_text(tx, kind)
    stored.put_text(tx, TextRow(new_id(tx), kind, words, _rendered(words), day, tx.now))
    return day


def take_text_away(tx: Tx, *, kind: House) -> None:
    """Forget a text in all its versions: our own words hold again. Raises NotFound."""
    if not stored.drop_text(tx, kind):
        raise NotFound("This text was not given")


def about(tx: Tx, *, node: Node) -> Written:
    """What this node is, in its operator's words; else who reads what."""
    return _given(tx, House.ABOUT) or Written(
        _rendered(f"{WHO_READS[node.public_means]}\n\n{NARROWER}"), 0
    )


def privacy(tx: Tx, *, node: Node) -> Written:
    """What is kept of people and where it goes: the operator's words, else our own."""
    who = WHO_READS[node.public_means]
    return _given(tx, House.PRIVACY) or Written(
        _rendered(_PRIVACY.format(who=who, narrower=NARROWER)), 0
    )


def _given(tx: Tx, kind: House) -> Written | None:
    found = stored.versions(tx, kind)
    return Written(found[0].content, found[0].created_at) if found else None


def terms(tx: Tx, day: str | None = None) -> tuple[TextRow, str | None]:
    """The terms that hold now, or those of a day; and the day of those that follow them, if any.

    Raises:
        NotFound: there are none.
    """
    found = stored.versions(tx, House.TERMS)
    held = [row for row in found if row.holds_from <= today(tx)] or found[-1:]
    wanted = held[:1] if day is None else [row for row in found if row.holds_from == day]
    if not wanted:
        raise NotFound
    place = found.index(wanted[0])
    return wanted[0], found[place - 1].holds_from if place else None


def today(tx: Tx) -> str:
    """The day, in UTC."""
    return datetime.fromtimestamp(tx.now / 1000, UTC).date().isoformat()


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("A day looks like 2026-11-22") from None


def _rendered(text: str) -> str:
    return clean(from_plain(text))
