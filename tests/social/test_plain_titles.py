"""What a member's plain server sends with a title is read with it everywhere in the community."""

import pytest

from domain.emojis import unpacked
from storage.tx import Tx
from tests.activitypub.test_parse_kinds import emoji
from tests.support.plain import Gathered

pytestmark = pytest.mark.both


def test_an_article_of_a_plain_member_keeps_its_title(tx: Tx) -> None:
    g = Gathered(tx)
    document = g.note_by(
        g.dee,
        type="Article",
        name="On straps",
        content="<p>@lifting they hold :blob:</p>",
        tag=[emoji()],
    )
    g.hears(g.dee, document)
    row = g.heard(g.dee, document)
    assert row is not None
    assert row.title == "On straps"
    assert row.content.startswith("<p>they hold :blob:</p>")
    assert [one.shortcode for one in unpacked(row.emojis)] == ["blob"]
    g.relay(row.id)
    (sent,) = g.sent(g.eve)
    assert "<p><strong>On straps</strong></p><p>they hold" in sent.note["content"]
    changed = document | {"name": "On ropes", "updated": "2126-01-01T00:00:00Z"}
    g.hears(g.dee, changed, kind="Update")
    again = g.heard(g.dee, document)
    assert again is not None
    assert again.title == "On ropes"


def test_a_title_without_words_is_no_vote_and_says_something(tx: Tx) -> None:
    g = Gathered(tx)
    document = g.note_by(g.dee, type="Page", name="A title alone", content="<p>@lifting</p>")
    g.hears(g.dee, document)
    row = g.heard(g.dee, document)
    assert row is not None
    assert (row.title, row.type.name) == ("A title alone", "PAGE")
