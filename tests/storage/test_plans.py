"""Plans: every value in its place, whatever a statement fixes, repeats or converts."""

import re
import sqlite3
import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BindParameter, Integer, and_, bindparam, insert, select

from storage.dialects import POSTGRESQL, SQLITE
from storage.errors import Misuse
from storage.plans import Plan, PlanCache
from tests.support.notes import BY_ID, Colour, notes

#: What a column may be given, what the driver gets of it, and what a statement may fix for it
#: (numbers would stand in its text).
COLUMNS: Final[Mapping[str, tuple[Any, Any, Any]]] = {
    "id": (7, 7, None),
    "text": ("words", "words", "fixed"),
    "body": (b"\x00", b"\x00", b"fixed"),
    "loud": (True, True, None),
    "colour": (Colour.BLUE, 2, None),
    "weight": (1.5, 1.5, None),
    "parent": (None, None, None),
}
GIVEN, FIXED, BOTH = range(3)
Ways = dict[str, int]


def _plan(ways: Ways) -> Plan:
    """`INSERT … SELECT` of the columns, with a condition for those that are to stand twice."""
    chosen = [_bind(name, fixed=way == FIXED) for name, way in ways.items()]
    again = [notes.c[name] == bindparam(name) for name, way in ways.items() if way == BOTH]
    statement = insert(notes).from_select(list(ways), select(*chosen).where(*again))
    return PlanCache(SQLITE).get(statement)


def _bind(name: str, *, fixed: bool) -> BindParameter[Any]:
    type_ = notes.c[name].type
    if fixed:
        return bindparam(None, COLUMNS[name][2], type_=type_, unique=True)
    return bindparam(name, type_=type_)


def _wanted(ways: Ways) -> list[Any]:
    first = [COLUMNS[name][2 if way == FIXED else 1] for name, way in ways.items()]
    return first + [COLUMNS[name][1] for name, way in ways.items() if way == BOTH]


ways = st.dictionaries(
    st.sampled_from(sorted(COLUMNS)), st.sampled_from([GIVEN, FIXED, BOTH]), min_size=1
)


@given(ways)
def test_each_value_stands_in_its_place(ways: Ways) -> None:
    plan = _plan(ways)
    params = {name: COLUMNS[name][0] for name, way in ways.items() if way != FIXED}
    values = plan.values(params)
    assert len(values) == len(ways), "each is handed over once"
    meant = [values[int(number) - 1] for number in re.findall(r"\?(\d+)", plan.text)]
    assert meant == _wanted(ways)
    assert [type(value) for value in meant] == [type(value) for value in _wanted(ways)]


@given(st.permutations(range(12)), st.integers(1, 12))
def test_SQLite_finds_each_value_wherever_it_stands(places: list[int], distinct: int) -> None:
    """Names that come again, in any order, in columns, conditions and a limit."""
    named = [bindparam(f"p{place % distinct}", type_=Integer) for place in places]
    inner = select(*(one.label(f"c{at}") for at, one in enumerate(named[:6]))).subquery()
    statement = (
        select(*inner.c, *named[6:])
        .where(and_(*(one == one for one in reversed(named))))
        .limit(bindparam("limit", type_=Integer))
    )
    plan = PlanCache(SQLITE).get(statement)
    values = plan.values({f"p{n}": n for n in range(distinct)} | {"limit": 1})
    assert len(values) == distinct + 1
    with closing(sqlite3.connect(":memory:")) as connection:
        (row,) = connection.execute(plan.text, values).fetchall()
    assert row == tuple(place % distinct for place in places)


@given(ways, st.data())
def test_lines_are_what_their_names_would_say(ways: Ways, data: st.DataObject) -> None:
    """Whichever order the names have, and however many lines there are."""
    plan = _plan(ways)
    names = tuple(data.draw(st.permutations([n for n, way in ways.items() if way != FIXED])))
    params = {name: COLUMNS[name][0] for name in names}
    count = data.draw(st.integers(0, 3))
    lines = plan.lines(names, [tuple(params.values())] * count)
    assert list(map(list, lines)) == [list(plan.values(params))] * count


@given(ways, st.data())
def test_lines_that_do_not_fit_are_refused(ways: Ways, data: st.DataObject) -> None:
    plan = _plan(ways)
    names = tuple(name for name, way in ways.items() if way != FIXED)
    said = tuple(data.draw(st.lists(st.sampled_from([*names, "other"]), max_size=len(names) + 1)))
    if sorted(said) != sorted(names):
        with pytest.raises(Misuse):
            plan.lines(said, [])
    lengths = data.draw(st.lists(st.integers(0, len(names) + 1), min_size=1))
    if set(lengths) != {len(names)}:
        with pytest.raises(Misuse) as refused:
            plan.lines(names, [("SECRET",) * length for length in lengths])
        assert "SECRET" not in str(refused.value)


@given(ways, st.sets(st.sampled_from([*sorted(COLUMNS), "other", ""])))
def test_other_names_than_the_statements_are_refused(ways: Ways, names: set[str]) -> None:
    plan = _plan(ways)
    given_names = {name for name, way in ways.items() if way != FIXED}
    params = {name: COLUMNS[name][0] if name in COLUMNS else 1 for name in names}
    if names == given_names:
        plan.values(params)
    else:
        with pytest.raises(Misuse) as refused:
            plan.values(params)
        said = f"parameters {sorted(names)} given, {sorted(given_names)} wanted"
        assert str(refused.value) == said


@pytest.mark.parametrize("params", [{}, {"other": "SECRET"}, {"id": "SECRET", "other": "SECRET"}])
def test_a_refusal_tells_no_values(params: dict[str, str]) -> None:
    with pytest.raises(Misuse) as refused:
        PlanCache(POSTGRESQL).get(BY_ID).values(params)
    shown = [*traceback.format_exception(refused.value), str(refused.value.__context__)]
    assert "SECRET" not in "".join(shown)


def test_rows_become_what_their_columns_say() -> None:
    plan = PlanCache(SQLITE).get(BY_ID)
    assert plan.rows([(1, "a", 0, 1), (2, "b", 1, 2)]) == [
        (1, "a", False, Colour.RED),
        (2, "b", True, Colour.BLUE),
    ]
    assert plan.rows([]) == []
    with pytest.raises(ValueError, match="99 is not a valid Colour"):
        plan.rows([(1, "a", 0, 99)])
