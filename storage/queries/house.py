"""The rules and the longer texts of this node."""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.house import House
from storage.columns import Enum8, Id, Number, Time, any_of
from storage.tables.house import rules, texts
from storage.tx import Tx


class RuleRow(Struct, frozen=True, gc=False):
    """A rule. `hint` explains it, and may be empty."""

    id: int
    text: str
    hint: str


class TextRow(Struct, frozen=True, gc=False):
    """One row of `texts`, in the order of its columns. `holds_from` is a day, times are ms UTC."""

    id: int
    kind: House
    source: str
    content: str
    holds_from: str
    created_at: int


_ID: Final = bindparam("rule_id", type_=Id)
_RULE = select(rules.c.id, rules.c.text, rules.c.hint)
_RULES: Final = _RULE.where(rules.c.removed_at.is_(None)).order_by(rules.c.place, rules.c.id)
_NAMED: Final = _RULE.where(any_of(rules.c.id, "ids")).order_by(rules.c.place, rules.c.id)
_LAST: Final = select(func.max(rules.c.place))
_ADD: Final = insert(rules).values(
    id=bindparam("id", type_=Id),
    place=bindparam("place", type_=Number),
    text=bindparam("text"),
    hint=bindparam("hint"),
)
_CHANGE: Final = (
    update(rules).where(rules.c.id == _ID).values(text=bindparam("words"), hint=bindparam("why"))
)
_MOVE: Final = update(rules).where(rules.c.id == _ID).values(place=bindparam("to", type_=Number))
_REMOVE: Final = (
    update(rules)
    .where(rules.c.id == _ID, rules.c.removed_at.is_(None))
    .values(removed_at=bindparam("now", type_=Time))
)


def current_rules(tx: Tx) -> list[RuleRow]:
    """The rules that hold, in their order."""
    return [RuleRow(*row) for row in tx.all(_RULES)]


def rules_named(tx: Tx, rule_ids: Collection[int]) -> list[RuleRow]:
    """Rules by their ids, also those that hold no more."""
    return [RuleRow(*row) for row in tx.all(_NAMED, ids=list(rule_ids))] if rule_ids else []


def add_rule(tx: Tx, row: RuleRow) -> None:
    """Add a rule below the others."""
    place = (tx.scalar(_LAST) or 0) + 1
    tx.insert(_ADD, id=row.id, place=place, text=row.text, hint=row.hint)


def change_rule(tx: Tx, row: RuleRow) -> None:
    """Say a rule in other words."""
    tx.change(_CHANGE, rule_id=row.id, words=row.text, why=row.hint)


def order_rules(tx: Tx, rule_ids: Collection[int]) -> None:
    """Put rules into this order."""
    tx.many(_MOVE, [{"rule_id": one, "to": place} for place, one in enumerate(rule_ids, 1)])


def remove_rule(tx: Tx, rule_id: int) -> None:
    """A rule holds no more; reports may still name it."""
    tx.change(_REMOVE, rule_id=rule_id, now=tx.now)


_KIND: Final = bindparam("kind", type_=Enum8(House))
_DAY: Final = bindparam("day", type_=Text)
_TEXT: Select[*tuple[Any, ...]] = select(*texts.c)
_VERSIONS: Final = _TEXT.where(texts.c.kind == _KIND).order_by(texts.c.holds_from.desc())
_KINDS: Final = select(texts.c.kind).group_by(texts.c.kind)
_NEW = insert(texts).values(
    id=bindparam("id", type_=Id),
    kind=_KIND,
    source=bindparam("source"),
    content=bindparam("content"),
    holds_from=_DAY,
    created_at=bindparam("now", type_=Time),
)
_PUT: Final = _NEW.on_conflict_do_update(
    index_elements=[texts.c.kind, texts.c.holds_from],
    set_={name: _NEW.excluded[name] for name in ("source", "content", "created_at")},
)
_DROP: Final = delete(texts).where(texts.c.kind == _KIND)


def versions(tx: Tx, kind: House) -> list[TextRow]:
    """Every version of a text, the one that holds last first."""
    return [TextRow(*row) for row in tx.all(_VERSIONS, kind=kind)]


def kinds_given(tx: Tx) -> set[House]:
    """Which texts the operator gave."""
    return {House(row[0]) for row in tx.all(_KINDS)}


def put_text(tx: Tx, row: TextRow) -> None:
    """Keep a text, in place of one that holds from the same day."""
    tx.run(
        _PUT,
        id=row.id,
        kind=row.kind,
        source=row.source,
        content=row.content,
        day=row.holds_from,
        now=row.created_at,
    )


def drop_text(tx: Tx, kind: House) -> bool:
    """Forget a text in all its versions; False if there was none."""
    return tx.change(_DROP, kind=kind) > 0
