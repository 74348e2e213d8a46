"""The interoperability table says what the tests show, and nothing that is spoken is missing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from activitypub.parse.posts import POST_TYPES
from activitypub.vocabulary import ACTOR_NAMES
from inbox.handlers import HANDLERS
from tests.support.interop import COMMAND, PAGE, Mark, marks, named, rows, written
from web.actors.tables import ROUTES

ROOT = PAGE.parents[1]


@pytest.fixture(scope="module")
def found() -> list[Mark]:
    return marks()


def test_the_page_says_what_the_marks_say(found: list[Mark]) -> None:
    same = PAGE.read_text() == written(found)
    assert same, f"docs/interoperability.md is old; write it anew: {COMMAND}"


def spoken(found: list[Mark], direction: str) -> set[str]:
    """The types for which there is a row in a direction, inner ones included."""
    return {name for one in found if one.direction == direction for name in named(one.what)}


def taken(found: list[Mark], direction: str) -> set[str]:
    """The same, without rows that only refuse."""
    kept = [one for one in found if not one.effect.startswith(("refused", "dropped"))]
    return spoken(kept, direction)


def test_every_activity_that_is_taken_in_has_a_row(found: list[Mark]) -> None:
    assert set(HANDLERS) - taken(found, "in") == set()


def test_every_kind_of_post_has_a_row(found: list[Mark]) -> None:
    assert set(POST_TYPES) - taken(found, "in") == set()


def _made(path: Path) -> Iterator[str]:
    """The types of activities that a module writes: of what has an actor, and by their names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Dict):
            said = {
                one.value: node.values[at]
                for at, one in enumerate(node.keys)
                if isinstance(one, ast.Constant)
            }
            kind = said.get("type")
            if "actor" in said and isinstance(kind, ast.Constant):
                yield str(kind.value)
        elif isinstance(node, ast.Constant) and node.value in HANDLERS:
            yield str(node.value)


def test_every_activity_that_goes_out_has_a_row(found: list[Mark]) -> None:
    modules = [*(ROOT / "activitypub" / "render").glob("*.py"), *(ROOT / "outbox").glob("*.py")]
    made = {name for path in modules for name in _made(path)}
    assert made >= {"Create", "Flag", "QuoteRequest"}, "the search finds them"
    assert made - taken(found, "out") == set()


def test_every_kind_of_actor_has_a_row(found: list[Mark]) -> None:
    names = set(ACTOR_NAMES.values())
    assert names - objects(found, "in") == set()
    assert names - {"Organization"} - objects(found, "out") == set(), "no actor of ours is one"


def test_every_object_that_is_served_has_a_row(found: list[Mark]) -> None:
    served = {"Note", "Question", "Tombstone", "Emoji", "QuoteAuthorization"}
    modules = (ROOT / "activitypub" / "render").glob("*.py")
    assert served <= {name for path in modules for name in _typed(path)}, "these are written"
    assert served - objects(found, "out") == set()


def test_every_collection_that_is_served_has_a_row(found: list[Mark]) -> None:
    paths = [route.path for route in ROUTES if route.path.startswith(("/a/{id}/", "/o/{id}/"))]
    names = {path.rpartition("/")[2] for path in paths} | {"context", "contextHistory"}
    assert {"moderators", "followers_sync", "shares", "replies"} <= names, "the search finds them"
    told = {one.what.split()[0] for one in found if one.direction == "out"}
    assert names - told == set()


def objects(found: list[Mark], direction: str) -> set[str]:
    """The first words of the rows about things that no activity brings."""
    kept = [one for one in found if not one.effect.startswith(("refused", "dropped"))]
    return {one.what.split()[0] for one in kept if one.direction == direction}


def _typed(path: Path) -> Iterator[str]:
    """The types of all objects that a module writes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                is_type = isinstance(key, ast.Constant) and key.value == "type"
                if is_type and isinstance(value, ast.Constant):
                    yield str(value.value)


def test_marks_that_say_the_same_are_one_row() -> None:
    one = Mark("Like", "in", "is counted", "a stranger", "x")
    other = one._replace(peer="Fedify")
    assert [row.peers for row in rows([one, other, one])] == [("Fedify", "a stranger")]
    assert len(rows([one, other._replace(direction="out")])) == 2


def _tests(folder: Path, mark: str) -> Path:
    (folder / "test_x.py").write_text(f"import pytest\n{mark}\ndef test_x() -> None: ...\n")
    return folder


@pytest.mark.parametrize(
    "wrong",
    [
        '"Like", "in", "x"',
        '"Like", "around", "x", peer="Fedify"',
        '"Like", "in", "x", peer="somebody"',
        '"Like", "in", f"{1}", peer="Fedify"',
        '"Nonsense", "in", "x", peer="Fedify"',
        '"Like", "in", "x | y", peer="Fedify"',
    ],
    ids=["no peer", "direction", "peer", "no literal", "section", "bar"],
)
def test_a_mark_that_makes_no_row_is_an_error(tmp_path: Path, wrong: str) -> None:
    right = '@pytest.mark.interop("Like", "in", "x", peer="Fedify")'
    assert [one.what for one in marks(_tests(tmp_path, right))] == ["Like"]
    with pytest.raises(ValueError, match="test_x"):
        marks(_tests(tmp_path, f"@pytest.mark.interop({wrong})"))
