"""Of whom somebody wants to hear: policies, and requests of those who are held back."""

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from domain.errors import NotFound
from domain.notifying import Policy, Stance
from social.events import Event, EventKind, announce
from storage.queries import held_back, policies
from storage.tx import Tx


def choose(tx: Tx, *, actor_id: int, policy: Policy) -> None:
    """Decide about what comes from now on; what is held back already stays so."""
    tx.lock(f"policy {actor_id}")
    policies.put(tx, actor_id, policy)


def change(tx: Tx, *, actor_id: int, chosen: Mapping[str, Stance]) -> Policy:
    """Change these rules of somebody's policy, by their names; the policy as it is now."""
    tx.lock(f"policy {actor_id}")
    policy = replace(policies.of(tx, actor_id), **chosen)
    choose(tx, actor_id=actor_id, policy=policy)
    return policy


def accept(tx: Tx, *, actor_id: int, request_ids: Collection[int], each: bool = False) -> None:
    """Hear these senders: what they said comes to the list, and so does all that follows.

    With `each` an unknown request is an error, else it is left out.

    Raises:
        NotFound: it is nobody's, or somebody else's request.
    """
    senders = _senders(tx, actor_id, request_ids, each=each)
    for sender in senders:
        policies.permit(tx, actor_id, sender)
    if senders:
        held_back.show(tx, actor_id, senders)
        announce(tx, Event(EventKind.NOTIFICATIONS_MERGED, 0, actor_id))


def dismiss(tx: Tx, *, actor_id: int, request_ids: Collection[int], each: bool = False) -> None:
    """Let what these senders said go; what they say next is judged anew.

    Raises:
        NotFound: as `accept`.
    """
    held_back.drop(tx, actor_id, _senders(tx, actor_id, request_ids, each=each))


def _senders(tx: Tx, actor_id: int, request_ids: Collection[int], *, each: bool) -> list[int]:
    senders = held_back.senders_of(tx, actor_id, request_ids)
    if each and not senders:
        raise NotFound
    return senders
