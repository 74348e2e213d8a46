"""Tx: what it gives back, what it refuses, and that nothing private leaves with an error."""

import traceback
from typing import assert_type

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, func, insert, select, update

from storage.columns import any_of
from storage.connect import open_session
from storage.database import rolled_back
from storage.dialects import dialect_of
from storage.errors import ConstraintBroken, Misuse, StatementFailed, StorageError, TxOver
from storage.plans import plans_of
from storage.tables.jobs import JobState, jobs
from storage.tx import Tx
from tests.support import notes
from tests.support.notes import Colour, add

pytestmark = pytest.mark.both

LARGE = 2**62


def test_rows_are_tuples_of_the_declared_types(notes_tx: Tx) -> None:
    add(notes_tx, LARGE, "salt & pepper")
    row = notes_tx.one(notes.BY_ID, id=LARGE)
    assert_type(row, tuple[int, str, bool, Colour])
    assert row == (LARGE, "salt & pepper", False, Colour.RED)
    assert type(row) is tuple
    assert row[2] is False
    assert isinstance(row[3], Colour)
    assert notes_tx.first(notes.BY_ID, id=1) is None
    assert notes_tx.scalar(notes.COUNT) == 1
    with pytest.raises(LookupError):
        notes_tx.one(notes.BY_ID, id=1)


@pytest.mark.parametrize("count", [0, 1, 20, 70_000])
def test_any_of_takes_lists_of_any_length(notes_tx: Tx, count: int) -> None:
    add(notes_tx, 3)
    add(notes_tx, LARGE)
    wanted = [LARGE, *range(4, 3 + count)] if count else []
    found = notes_tx.all(notes.AMONG, ids=wanted)
    assert found == ([(LARGE, f"note {LARGE}")] if count else [])


TEXTS = select(notes.notes.c.id).where(any_of(notes.notes.c.text, "texts"))
COLOURS = select(notes.notes.c.id).where(~any_of(notes.notes.c.colour, "colours"))


def test_any_of_takes_text_and_enums_and_can_be_negated(notes_tx: Tx) -> None:
    add(notes_tx, 1, "ä 'quoted' \"text\"")
    add(notes_tx, 2, "{braces,and}")
    assert notes_tx.all(TEXTS, texts=["ä 'quoted' \"text\"", "x"]) == [(1,)]
    assert notes_tx.all(TEXTS, texts=["{braces,and}"]) == [(2,)]
    assert notes_tx.all(COLOURS, colours=[Colour.RED]) == []
    assert len(notes_tx.all(COLOURS, colours=[Colour.BLUE])) == 2


def test_any_of_refuses_bytes() -> None:
    with pytest.raises(TypeError):
        any_of(notes.notes.c.body, "bodies")


def test_what_is_new_is_asked_by_returning(notes_tx: Tx) -> None:
    values = {"loud": True, "colour": Colour.BLUE, "parent": None}
    assert notes_tx.scalar(notes.INSERT_NEW, id=1, text="same", **values) == 1
    assert notes_tx.scalar(notes.INSERT_NEW, id=2, text="same", **values) is None
    with pytest.raises(Misuse):
        notes_tx.change(notes.INSERT, id=3, text="x", **values)  # type: ignore[arg-type]


def test_change_counts_rows(notes_tx: Tx) -> None:
    notes_tx.many(notes.INSERT, [_values(number) for number in range(50)])
    notes_tx.many(notes.INSERT, [])
    assert notes_tx.change(notes.RENAME, which=7, text="seven") == 1
    assert notes_tx.change(notes.RENAME, which=70, text="seventy") == 0
    assert notes_tx.change(notes.CLEAR) == 50


def test_many_lines_are_stored_as_many_rows_are(notes_tx: Tx) -> None:
    names = tuple(reversed(_values(0)))
    lines = [tuple(_values(number)[name] for name in names) for number in range(50)]
    notes_tx.many_lines(notes.INSERT, names, lines)
    notes_tx.many_lines(notes.INSERT, names, [])
    by_line = notes_tx.all(notes.ALL)
    assert notes_tx.change(notes.CLEAR) == 50
    notes_tx.many(notes.INSERT, [_values(number) for number in range(50)])
    assert notes_tx.all(notes.ALL) == by_line
    with pytest.raises(Misuse):
        notes_tx.many_lines(notes.INSERT_NEW, names, lines)


def _values(number: int) -> dict[str, object]:
    return {
        "id": number,
        "text": str(number),
        "loud": False,
        "colour": Colour.RED,
        "parent": None,
    }


SUM = select(func.sum(notes.notes.c.id))


def test_sums_are_integers(notes_tx: Tx) -> None:
    add(notes_tx, 2**61)
    add(notes_tx, 2**61 + 1)
    total = notes_tx.scalar(SUM)
    assert total == 2**62 + 1
    assert type(total) is int


FIXED = select(jobs.c.id).where(jobs.c.state == JobState.DEAD).limit(20)


def test_fixed_numbers_stand_in_the_text(notes_url: str) -> None:
    text = plans_of(dialect_of(notes_url)).get(FIXED).text
    assert "state = 1" in text
    assert "LIMIT 20" in text


EXPANDING = select(notes.notes.c.id).where(notes.notes.c.id.in_(bindparam("ids", expanding=True)))
DEFAULTED = Table("defaulted", MetaData(), Column("id", Integer, default=lambda: 1))


@pytest.mark.parametrize("statement", [EXPANDING, insert(DEFAULTED)])
def test_what_needs_sqlalchemy_at_run_time_is_refused(notes_tx: Tx, statement: object) -> None:
    with pytest.raises(Misuse):
        notes_tx.run(statement)  # type: ignore[arg-type]


def test_parameters_must_fit(notes_tx: Tx) -> None:
    with pytest.raises(Misuse):
        notes_tx.first(notes.BY_ID)
    with pytest.raises(Misuse):
        notes_tx.first(notes.BY_ID, id=1, extra=2)
    with pytest.raises(Misuse):
        notes_tx.run(notes.BY_ID, id=1)
    with pytest.raises(Misuse):
        notes_tx.all(notes.RENAME, which=1, text="x")  # type: ignore[arg-type]
    assert notes_tx.first(notes.BY_ID, id=1) is None


def test_the_first_database_error_ends_the_unit(notes_tx: Tx) -> None:
    add(notes_tx, 1)
    with pytest.raises(ConstraintBroken) as caught:
        add(notes_tx, 1, "other")
    assert caught.value.kind == "unique"
    with pytest.raises(TxOver):
        notes_tx.scalar(notes.COUNT)


def test_a_tx_is_over_when_its_unit_is(notes_url: str) -> None:
    session = open_session(notes_url, writable=True)
    with rolled_back(session) as tx:
        add(tx, 1)
    with pytest.raises(TxOver):
        tx.scalar(notes.COUNT)
    with pytest.raises(TxOver):
        tx.after_commit(lambda: None)
    with rolled_back(session) as tx:
        assert notes.count(tx) == 0
    session.close()


@pytest.mark.parametrize(
    "value",
    [
        {"id": 2**63},
        {"text": "lone surrogate \ud800"},
        {"colour": "no colour"},
        {"id": "not a number"},
    ],
)
def test_values_that_do_not_fit_are_refused_alike(notes_tx: Tx, value: dict[str, object]) -> None:
    with pytest.raises((StatementFailed, ValueError, TypeError)):
        notes_tx.run(notes.INSERT, **(_values(1) | value))


@pytest.mark.parametrize(
    "value",
    [{"id": 5, "text": "SECRET-one"}, {"id": 6, "text": "SECRET-dup"}, {"id": "SECRET-two"}],
)
def test_errors_hold_no_parameters(notes_tx: Tx, value: dict[str, object]) -> None:
    notes_tx.run(notes.INSERT, **(_values(5) | {"text": "SECRET-dup"}))
    with pytest.raises(StorageError) as caught:
        notes_tx.run(notes.INSERT, **(_values(7) | value))
    shown = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in shown.replace(str(value), "")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_reading_sessions_refuse_to_write(notes_url: str) -> None:
    session = open_session(notes_url, writable=False)
    with rolled_back(session) as tx:
        assert notes.count(tx) == 0
        with pytest.raises(Misuse):
            add(tx, 1)
        with pytest.raises(Misuse):
            tx.lock("name")
        with pytest.raises(Misuse):
            tx.wait_for_writers(notes.notes)
    session.close()


def test_statements_are_compiled_once(notes_tx: Tx, notes_url: str) -> None:
    add(notes_tx, 1)
    notes_tx.all(notes.AMONG, ids=[1])
    before = len(plans_of(dialect_of(notes_url)))
    for number in range(2, 50):
        add(notes_tx, number)
        notes_tx.all(notes.AMONG, ids=list(range(number)))
    assert len(plans_of(dialect_of(notes_url))) == before


def test_statements_built_per_call_are_noticed(
    notes_tx: Tx, notes_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.plans.LIMIT", len(plans_of(dialect_of(notes_url))) + 3)
    for _ in range(5):
        notes_tx.change(update(notes.notes).values(text=bindparam("t")), t="x")
    assert len(plans_of(dialect_of(notes_url))) <= 3
