"""Rendered pieces are forgotten with what was purged, and no page under way brings them back."""

from collections.abc import Sequence

import pytest

from domain.audience import Viewer
from storage.tx import Tx
from storage.views.timelines import Entry
from tests.support.nodes import Person
from web.fragments import Fragment, Fragments
from web.mastodon import rendering
from web.mastodon.rendering import Found, complete


def test_what_was_read_before_all_was_forgotten_is_not_kept() -> None:
    kept = Fragments()
    before = kept.era
    kept.keep({"a": Fragment((b"1",))}, era=before)
    assert len(kept) == 1
    kept.clear()
    kept.keep({"a": Fragment((b"1",))}, era=before)
    assert len(kept) == 0
    kept.keep({"a": Fragment((b"2",))}, era=kept.era)
    assert kept.held({1: "a"}) == {1: Fragment((b"2",))}


async def test_a_page_that_was_read_before_a_purge_keeps_nothing(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ana.say("words that are about to go", visibility="public")
    seen: list[Fragments] = []

    def overtaken(tx: Tx, entries: Sequence[Entry], viewer: Viewer, fragments: Fragments) -> Found:
        found = complete(tx, entries, viewer, fragments)
        seen.append(fragments)
        fragments.clear()
        return found

    path = f"/api/v1/accounts/{ana.id}/statuses"
    with monkeypatch.context() as purging:
        purging.setattr(rendering, "complete", overtaken)
        assert len(await ana.get(path)) == 1
    (fragments,) = seen
    assert len(fragments) == 0
    assert len(await ana.get(path)) == 1
    assert len(fragments) == 1
