"""People of whom a purged community's cards alone told: who stays, and with what."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from social import notes
from storage.queries import purging
from storage.tables.actors import actors
from storage.tables.relations import mutes
from storage.tables.relations import notes as notes_table
from storage.tx import Tx
from tests.support.factories import (
    add_card,
    add_community,
    add_membership,
    add_mute,
    add_node,
    add_person,
    add_remote,
    origin_of,
)

pytestmark = pytest.mark.both

FAR = "https://far.example"
_THERE = select(actors.c.id).where(actors.c.fetched_at == 0, actors.c.handle == "hea")
_LEFT = (select(mutes.c.muted_id), select(notes_table.c.about_id))


def _nothing(tx: Tx, ana: int, hea: int) -> None:
    """Nobody knows of them."""


def _muted(tx: Tx, ana: int, hea: int) -> None:
    add_mute(tx, ana, hea)


def _noted(tx: Tx, ana: int, hea: int) -> None:
    notes.note(tx, actor_id=ana, about_id=hea, text="we met at the lake")


@pytest.mark.parametrize(
    ("done", "stays"),
    [(_nothing, False), (_muted, True), (_noted, True)],
    ids=["nothing", "muted", "noted"],
)
def test_T18_a_mute_and_a_note_stay_with_whom_they_are_about(
    tx: Tx, done: Callable[[Tx, int, int], None], stays: bool
) -> None:
    add_node(tx)
    ana = add_person(tx, "ana")
    club = add_community(tx, "club", origin_id=origin_of(tx, FAR), base=FAR)
    hea = add_remote(tx, "hea", fetched_at=0)
    add_membership(tx, club, ana)
    add_card(tx, club, hea)
    done(tx, ana, hea)
    purging.forget_rest(tx, club)
    assert tx.all(_THERE) == ([(hea,)] if stays else [])
    about = [row[0] for statement in _LEFT for row in tx.all(statement)]
    assert about == ([hea] if stays else [])
