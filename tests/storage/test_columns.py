"""Column types: the short ways of converting say what the enum itself says."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, Integer

from storage.columns import Enum8, Flag, ValueList
from storage.dialects import POSTGRESQL, SQLITE
from tests.support.notes import Colour

DIALECTS = [SQLITE, POSTGRESQL]
dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
anything = st.one_of(
    st.sampled_from(Colour),
    st.integers(-3, 5),
    st.integers(),
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=1),
)


def outcome(convert: Callable[[Any], Any], value: Any) -> tuple[Any, type]:
    """What comes of it: the value and its type, or the error's words and its type."""
    try:
        made = convert(value)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        return str(error), type(error)
    return made, type(made)


def bind(column: Any, dialect: Dialect) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] = column.bind_processor(dialect)
    return found


def result(column: Any, dialect: Dialect) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] = column.result_processor(dialect, None)
    return found


@dialects
@given(value=anything)
def test_an_enum_is_stored_as_its_number_or_refused(dialect: Dialect, value: Any) -> None:
    wanted = outcome(lambda value: None if value is None else int(Colour(value)), value)
    assert outcome(bind(Enum8(Colour), dialect), value) == wanted


@dialects
@given(value=anything)
def test_a_number_is_read_as_its_enum_or_refused(dialect: Dialect, value: Any) -> None:
    wanted = outcome(lambda value: None if value is None else Colour(value), value)
    if isinstance(value, list):
        return  # neither driver gives one
    assert outcome(result(Enum8(Colour), dialect), value) == wanted


@dialects
@given(value=st.one_of(st.none(), st.booleans(), st.integers()))
def test_a_flag_is_read_as_a_bool(dialect: Dialect, value: Any) -> None:
    wanted = outcome(lambda value: None if value is None else bool(value), value)
    assert outcome(result(Flag(), dialect), value) == wanted


def test_what_an_enum_knows_is_not_asked_of_it() -> None:
    asked: list[Any] = []

    class Asked(Enum8[Colour]):
        cache_ok = True

        def process_bind_param(self, value: Colour | None, dialect: Dialect) -> Any:
            asked.append(value)
            return super().process_bind_param(value, dialect)

    convert = bind(Asked(Colour), SQLITE)
    assert [convert(colour) for colour in Colour] == [1, 2]
    assert asked == []
    assert convert(1) == 1
    assert asked == [1]


@given(st.lists(st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from(Colour)), max_size=5))
def test_a_list_is_carried_whole(values: list[int]) -> None:
    for collection in (values, tuple(values), iter(values), dict.fromkeys(values).keys()):
        carried = bind(ValueList(Integer()), SQLITE)(collection)
        assert [int(item) for item in carried.strip("[]").split(",") if item] in (
            [int(value) for value in values],
            [int(value) for value in dict.fromkeys(values)],
        )
