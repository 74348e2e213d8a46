"""262 notes as real servers write them: none breaks the node, nearly all can be read."""

import pytest

from tests.pasture.table import LEAST_SHOWN, PAGE, lines, page
from tests.support.nodes import Nodes


@pytest.mark.interop(
    "Create of 262 notes", "in", "235 and more are shown, the others refused", peer="a stranger"
)
@pytest.mark.timeout(240)
async def test_the_pasture_is_read(nodes: Nodes) -> None:
    found = await lines(nodes)
    assert len(found) == 262
    assert {line.status for line in found} <= {202, 400}
    assert sum(line.shown is not None for line in found) >= LEAST_SHOWN
    unexplained = [line.example[:2] for line in found if line.shown is None and not line.reason]
    assert unexplained == []
    assert PAGE.read_text("utf-8") == page(found), "python -m tests.pasture.table writes it anew"
