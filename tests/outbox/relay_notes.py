"""What every relay note keeps, and the community that sends them."""

import re
from typing import Any

import pytest

from domain.html import clean
from storage.tx import Tx
from tests.support.plain import PUBLIC, Gathered, Sent, as_stripped

FOREIGN = re.compile(r"@[\w.+-]+@\w[\w.-]*")
KEPT_IN = "Keep @lifting@here.example in your answer"
LARGEST = 30_000


@pytest.fixture
def g(tx: Tx) -> Gathered:
    return Gathered(tx)


def addressed(document: dict[str, Any]) -> list[str]:
    return [
        uri
        for name in ("to", "cc", "bto", "bcc", "audience")
        for uri in (
            [document[name]] if isinstance(document.get(name), str) else document.get(name, [])
        )
    ]


def is_a_good_relay_note(sent: Sent, to: str) -> None:
    """The property of §6: one recipient, one Mention, no name, nobody else, small."""
    for document in (sent.body, sent.note):
        assert addressed(document) == [to]
        assert document["to"] == [to]
        assert "name" not in document
        assert PUBLIC not in str(document)
    assert sent.note["type"] == "Note"
    assert [tag["type"] for tag in sent.note["tag"]] == ["Mention"]
    assert sent.note["tag"][0]["href"] == to
    words = as_stripped(sent.note["content"])
    assert FOREIGN.findall(words.replace(KEPT_IN, "")) == []
    assert KEPT_IN in words
    assert sent.size <= LARGEST
    assert clean(sent.note["content"]) == clean(clean(sent.note["content"]))
