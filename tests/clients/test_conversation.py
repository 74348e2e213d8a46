"""Two people talk from the command line, and the documents quote what really happens."""

import json
import re
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clients.conftest import World
from tests.clients.conversation import TALK, Conversation

pytestmark = pytest.mark.xdist_group("clients")

ROOT = Path(__file__).parents[2]
README_LINES = 30
MASTO = json.loads((Path(__file__).parent / "masto/package.json").read_text())


@pytest.fixture(scope="module")
def transcript(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return Conversation(world.hq, world.lab, tmp_path_factory.mktemp("rosa")).hold()


def test_each_hears_every_line_of_the_other(transcript: list[str]) -> None:
    asked = [line for line in transcript if line.startswith("hq$ toot post ")]
    said = [line for line in transcript if line.startswith("lab>>> tom.status_reply(")]
    assert (len(asked), len(said)) == (10, 10)
    heard = [after for line, after in _pairs(transcript) if "heard = tom.timeline_home" in line]
    assert [re.sub("<[^>]+>", "", words).strip("'\"") for words in heard] == [q for q, _ in TALK]


def test_the_thread_has_all_lines_in_order(transcript: list[str]) -> None:
    start = next(i for i, line in enumerate(transcript) if line.startswith("hq$ toot thread"))
    thread = "\n".join(transcript[start:])
    places = [thread.index(words) for pair in TALK for words in pair]
    assert places == sorted(places)


@pytest.mark.parametrize("page", ["README.md", "docs/clients.md"])
def test_documents_quote_a_real_run(transcript: list[str], page: str) -> None:
    quoted = _quoted(page)
    assert any(line.startswith("lab>>>") for line in quoted)
    real = iter([_without_names(line) for line in transcript])
    missing = next((line for line in quoted if line != "…" and line not in real), None)
    assert missing is None, f"{page} quotes what no run prints: {missing}"


def test_readme_is_short() -> None:
    assert len(_quoted("README.md")) <= README_LINES


@pytest.mark.parametrize("name", ["toot", "Mastodon.py", "masto"])
def test_the_page_names_the_versions_that_were_tried(name: str) -> None:
    page = (ROOT / "docs/clients.md").read_text("utf-8")
    tried = MASTO["dependencies"][name] if name == "masto" else version(name)
    assert f"{name} | {tried} |" in page


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    return list(pairwise(lines))


def _quoted(page: str) -> list[str]:
    """The lines of the block in which the conversation stands."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    block = next(found for found in blocks if "toot follow @tom@" in found)
    return [_without_names(line) for line in block.splitlines()]


def _without_names(line: str) -> str:
    """A line without what differs from run to run: ports, ids, dates and the spaces before them."""
    line = re.sub(r"127\.0\.0\.1:\d+", "NODE", line)
    line = re.sub(r"\b\d{15,}\b", "ID", line)
    return re.sub(r"\s+\d{4}-\d\d-\d\d \d\d:\d\d UTC$", " DATE", line).rstrip()
