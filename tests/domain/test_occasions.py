"""When something happens, in the words and the zone of the event."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.occasions import Occasion, Venue, length, when

AT = datetime(2026, 12, 3, 14, 0, tzinfo=UTC)


def test_a_time_is_told_in_the_zone_of_the_event() -> None:
    told = when(Occasion(start=AT, end=AT + timedelta(hours=2), zone="Europe/Berlin"))
    assert told == "Thursday 3 December 2026, 15:00–17:00 (Europe/Berlin)"
    summer = Occasion(start=datetime(2026, 7, 3, 14, 0, tzinfo=UTC), zone="Europe/Berlin")
    assert when(summer) == "Friday 3 July 2026, 16:00 (Europe/Berlin)"


def test_several_days_are_told_in_full() -> None:
    told = when(Occasion(start=AT, end=AT + timedelta(days=1), zone="UTC"))
    assert told == "Thursday 3 December 2026, 14:00 – Friday 4 December 2026, 14:00 (UTC)"


@pytest.mark.parametrize("zone", [None, "Nowhere/Land", "../../etc/passwd", "", "x" * 60])
def test_O17_an_unknown_zone_leaves_the_offset(zone: str | None) -> None:
    start = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert when(Occasion(start=start, zone=zone)) == ("Thursday 3 December 2026, 19:30 (UTC+05:30)")
    assert when(Occasion(start=AT, zone=zone)).endswith("14:00 (UTC)")


def test_without_a_start_nothing_is_told() -> None:
    assert when(Occasion(end=AT)) == ""
    assert when(Occasion(start=AT, end=AT - timedelta(hours=1))).endswith("14:00 (UTC)")


def test_a_place_says_nothing_twice() -> None:
    assert Venue("Berlin", "Main Street 1, 10115 Berlin, Berlin").words == (
        "Berlin, Main Street 1, 10115 Berlin"
    )


@pytest.mark.parametrize(
    ("seconds", "told"), [(5, "0:05"), (754, "12:34"), (3723, "1:02:03"), (360_000, "100:00:00")]
)
def test_lengths(seconds: int, told: str) -> None:
    assert length(seconds) == told
