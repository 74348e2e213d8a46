"""What somebody notes about somebody else, for their own eyes: told to nobody, sent nowhere."""

from typing import Final

from domain.errors import Invalid
from storage.queries import notes
from storage.tx import Tx

LONGEST: Final = 2_000
"""Characters, as Mastodon has it."""


def note(tx: Tx, *, actor_id: int, about_id: int, text: str) -> None:
    """Keep a note in the place of an earlier one; nothing but white space removes it.

    Raises:
        Invalid: it is too long.
    """
    kept = text.strip()
    if len(kept) > LONGEST:
        raise Invalid(f"A note has at most {LONGEST} characters", "comment")
    notes.put(tx, actor_id, about_id, kept)
