"""What handlers are given: an activity whose actor signed it, and the words for saying no."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from msgspec import Struct

from activitypub.parse.activities import Activity
from domain.node import Node
from federation.fetcher import Fetcher
from storage.tx import Tx
from storage.views.actors import ActorView

M = TypeVar("M")


class Dropped(Exception):  # noqa: N818 - what becomes of the activity
    """An activity that has no effect here. `reason` is for the intake row; the sender has its 202.

    Raised by `verify`; if `receive` raises it, its unit of work is undone.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignedActivity(Struct, frozen=True):
    """An activity and its actor, who signed the very bytes it was read from.

    Made by `inbox/processing` alone, from what `inbox/endpoint` authenticated and stored.
    `received_at` is in ms UTC. `body`: those bytes, None where they were not kept. `proven`: they
    carry a proof by the signer's own key that verifies (FEP-8b32).
    """

    activity: Activity
    signer: ActorView
    received_at: int
    body: bytes | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Handler(Generic[M]):
    """How one type of activity is treated.

    `verify` reads what the activity means and raises Dropped, MalformedDocument or CannotFetch if
    it may not mean that; it may ask other servers and has no effect here but fresh actors.
    `receive` does it, in one unit of work, idempotently; it gives the reason if there was nothing
    to do, and then has written nothing. `at_once` is `verify` for what needs nobody to be asked,
    None for what does; a type without it is always left to a job.
    """

    verify: Callable[[SignedActivity, Fetcher], Awaitable[M]]
    receive: Callable[[Tx, Node, SignedActivity, M], str | None]
    at_once: Callable[[SignedActivity], M | None] | None = None
