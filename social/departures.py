"""What happens when an actor of another server ends."""

from social import standing
from social.follows import end_all
from storage.queries import actors
from storage.queries.departures import delete_all_by
from storage.tx import Tx


def actor_left(tx: Tx, *, actor_id: int) -> None:
    """Forget a remote actor's words, follows and memberships, now.

    Its row stays, so nobody else becomes it.

    Doing it again changes nothing.
    """
    if not actors.mark_gone(tx, actor_id):
        return
    delete_all_by(tx, actor_id)
    standing.end_all(tx, actor_id)
    end_all(tx, actor_id=actor_id)
