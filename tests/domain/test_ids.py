"""Identifiers: Mastodon's layout, growing order, and no traffic to be read from them."""

import threading

import pytest

from domain.ids import (
    HERE,
    LARGEST,
    IdSource,
    notification_id,
    notification_time_of,
    random64,
    snowflake,
    time_of,
    token,
)

NOW = 1_790_000_000_000


def test_a_snowflake_is_mastodons() -> None:
    """Mastodon.py makes `ms << 16` of a datetime to page by date."""
    assert snowflake(NOW, 0) == NOW << 16
    assert time_of(snowflake(NOW, 0xFFFF)) == NOW
    assert len(str(snowflake(NOW, 0))) == 18


@pytest.mark.parametrize(("now", "random"), [(NOW, 1 << 16), (NOW, -1), (-1, 0), (1 << 47, 0)])
def test_what_does_not_fit_a_snowflake_is_refused(now: int, random: int) -> None:
    with pytest.raises(ValueError, match=r"16 bits|fit"):
        snowflake(now, random)


def test_the_largest_snowflake_fits_the_database() -> None:
    assert snowflake((1 << 47) - 1, 0xFFFF) == LARGEST


def test_notifications_are_exact_in_javascript() -> None:
    far = 4_000_000_000_000 - 1 - 231_000_000_000  # in the year 2089
    assert notification_id(far, 0xFFF) < 2**53
    assert notification_time_of(notification_id(NOW, 5)) == NOW


@pytest.mark.parametrize(("now", "random"), [(NOW, 1 << 12), (NOW, -1), (0, 0), (1 << 42, 0)])
def test_what_does_not_fit_a_notification_is_refused(now: int, random: int) -> None:
    with pytest.raises(ValueError, match=r"12 bits|fit"):
        notification_id(now, random)


def test_ids_grow_when_the_clock_stands_or_steps_back() -> None:
    source = IdSource()
    moments = [NOW, NOW, NOW, NOW - 5000, NOW, NOW + 1]
    made = [source.new(moment) for moment in moments for _ in range(50)]
    assert made == sorted(set(made))
    told = [source.new_notification(moment) for moment in moments for _ in range(50)]
    assert told == sorted(set(told))
    assert all(number < 2**53 for number in told)


def test_many_at_once_grow_as_one_by_one() -> None:
    source = IdSource()
    made = [source.new(NOW)]
    told = [source.new_notification(NOW)]
    for moment, count in ((NOW, 40), (NOW - 5000, 3), (NOW, 0), (NOW + 60_000, 40)):
        made += [*source.many(moment, count), source.new(moment)]
        told += [*source.many_notifications(moment, count), source.new_notification(moment)]
    assert made == sorted(set(made))
    assert told == sorted(set(told))
    assert len(made) == len(told) == 88
    assert {time_of(identifier) for identifier in source.many(NOW + 120_000, 40)} == {NOW + 120_000}


def test_ids_are_near_their_time() -> None:
    source = IdSource()
    assert time_of(source.new(NOW)) == NOW
    assert time_of(source.new(NOW + 60_000)) == NOW + 60_000


def test_ids_do_not_count() -> None:
    """The low bits are random: from two ids nobody learns how many lie between them."""
    gaps = {IdSource().new(NOW) & 0xFFFF for _ in range(50)}
    assert len(gaps) > 40


def test_threads_never_get_the_same_id() -> None:
    source = IdSource()
    made: list[int] = []

    def make() -> None:
        made.extend([source.new(NOW) for _ in range(400)] + source.many(NOW, 100))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(set(made)) == 4000


def test_remote_accounts_get_an_id_without_time() -> None:
    drawn = {random64() for _ in range(200)}
    assert len(drawn) == 200
    assert all(0 < number <= LARGEST for number in drawn)


def test_tokens_are_long_and_different() -> None:
    assert len(token()) == 43
    assert token() != token()
    assert HERE == 1
