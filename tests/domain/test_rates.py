"""How an operator says other rates than Mastodon's."""

import pytest

from domain.rates import DEFAULTS, Rate, parse


def test_what_is_not_said_stays_as_in_mastodon() -> None:
    assert parse("") == DEFAULTS
    changed = parse("posts=50/3h, media=100/30m\nfollows=1/d")
    assert changed["posts"] == Rate(50, 10_800)
    assert changed["media"] == Rate(100, 1_800)
    assert changed["follows"] == Rate(1, 86_400)
    assert {kind for kind in DEFAULTS if changed[kind] != DEFAULTS[kind]} == {
        *("posts", "media", "follows")
    }


@pytest.mark.parametrize("text", ["posts", "posts=1", "posts=1/0s", "posts=-1/h", "x=1/h", "a=b/c"])
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"looks? like|there is no|nobody"):
        parse(text)
