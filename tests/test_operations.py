"""docs/mastodon-api.md says what routes and tests say, and what apps need is there."""

from pathlib import Path

import pytest

from tests.support.operations import (
    COMMAND,
    EMPTY,
    MISSING,
    PAGE,
    PRIORITIES,
    WORKS,
    Operation,
    Row,
    form_of,
    gaps,
    marks,
    operations,
    rows,
    states,
    written,
)
from web.mastodon import absent, instance


@pytest.fixture(scope="module")
def found() -> list[Row]:
    return rows()


def test_the_page_says_what_the_routes_and_the_marks_say(found: list[Row]) -> None:
    same = PAGE.read_text() == written(found)
    assert same, f"docs/mastodon-api.md is old; write it anew: {COMMAND}"


def test_every_operation_that_apps_need_works_and_is_shown(found: list[Row]) -> None:
    assert gaps(found) == []


def test_the_list_has_all_operations_each_once() -> None:
    listed = operations()
    assert len(listed) == len({one.name for one in listed}) == 210
    counted = [sum(one.priority == priority for one in listed) for priority in PRIORITIES]
    assert counted == [38, 81, 68, 23]


def test_names_of_changing_parts_make_no_difference() -> None:
    assert form_of("GET /api/v1/tags/:name") == form_of("GET /api/v1/tags/{tag}")
    assert form_of("GET /api/v1/tags/:name") != form_of("POST /api/v1/tags/:name")


def test_what_lives_with_the_absent_is_empty_and_the_rest_works() -> None:
    assert set(states(absent.ROUTES).values()) == {EMPTY}
    assert set(states(instance.ROUTES).values()) == {WORKS}


P2, P3 = Operation("P2", "GET /x"), Operation("P3", "GET /y")


@pytest.mark.parametrize(
    ("row", "is_gap"),
    [
        (Row(P2, WORKS, ("test_x.py",)), False),
        (Row(P2, WORKS, ()), True),
        (Row(P2, EMPTY, ("test_x.py",)), True),
        (Row(P2, MISSING, ("test_x.py",)), True),
        (Row(P3, EMPTY, ()), False),
        (Row(P3, WORKS, ()), True),
        (Row(P3, WORKS, ("test_x.py",)), False),
        (Row(P3, MISSING, ()), True),
    ],
    ids=[
        "shown",
        "not shown",
        "empty",
        "missing",
        "P3 empty",
        "P3 not shown",
        "P3 shown",
        "P3 missing",
    ],
)
def test_only_what_apps_can_do_without_may_be_empty(row: Row, is_gap: bool) -> None:
    assert bool(gaps([row])) is is_gap


@pytest.mark.parametrize(
    "wrong",
    ["", '"GET /api/v1/nonsense"', 'f"GET /api/v1/{1}"', '"GET /health", name="x"'],
    ids=["nothing", "unknown", "no literal", "keyword"],
)
def test_a_mark_that_names_no_operation_is_an_error(tmp_path: Path, wrong: str) -> None:
    def tests(mark: str) -> Path:
        text = f"import pytest\n@pytest.mark.operation({mark})\ndef test_x() -> None: ...\n"
        (tmp_path / "test_x.py").write_text(text)
        return tmp_path

    assert marks(tests('"GET /health", "GET /api/v1/lists"')) == {
        "GET /health": ["test_x.py"],
        "GET /api/v1/lists": ["test_x.py"],
    }
    with pytest.raises(ValueError, match="test_x"):
        marks(tests(wrong))
