"""The guides for stewards, members and admins show what really happens."""

import re
from pathlib import Path

import pytest

from tests.support.nodes import Nodes
from tests.together.guides import GUIDES, ROOT, walked


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", GUIDES)
async def test_a_guide_can_be_followed_line_by_line(nodes: Nodes, name: str) -> None:
    page = (ROOT / name).read_text("utf-8")
    assert page.count("```console") >= 4
    made = await walked(page, nodes)
    wrong = [
        (said, done)
        for said, done in zip(page.splitlines(), made.splitlines(), strict=False)
        if said != done
    ]
    assert made == page, f"run python -m tests.together.guides; first of all {wrong[:1]}"


@pytest.mark.parametrize("name", [*GUIDES, "README.md", "FEDERATION.md", "docs/ARCHITECTURE.md"])
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / Path(link)).exists()]
    assert missing == []
