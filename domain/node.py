"""This node as a value: its names, its modes, and the addresses that follow from them."""

from dataclasses import dataclass
from enum import StrEnum

from domain.audience import Kind

# What every node is called on the wire: the helper answers private mentions, the
# Application actor signs for the node itself (protocol §1, §3).
HELPER_HANDLE = "tertulia"
APPLICATION_HANDLE = "node"
SOFTWARE = "tertulia"
VERSION = "0.1.0"


class Federation(StrEnum):
    """Whom this node talks to (protocol §3)."""

    CLOSED = "closed"
    PARTNERS = "partners"
    OPEN = "open"


class Registration(StrEnum):
    """How a person gets an account here."""

    CLOSED = "closed"
    INVITE = "invite"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Node:
    """Names and modes of this node, fixed while the process runs.

    Ids are opaque and never made of a handle (protocol §2), so a person can be renamed
    and a handle domain can differ from the origin.
    """

    origin: str
    handle_domain: str
    name: str = "Tertulia"
    federation: Federation = Federation.PARTNERS
    public_means: Kind = Kind.NETWORK
    registration: Registration = Registration.CLOSED

    def actor(self, actor_id: int) -> str:
        """The id of an actor that lives here."""
        return f"{self.origin}/a/{actor_id}"

    def post(self, post_id: int) -> str:
        """The id of a post written here."""
        return f"{self.origin}/o/{post_id}"

    def activity(self, activity_id: int) -> str:
        """The id of an activity sent from here."""
        return f"{self.origin}/act/{activity_id}"

    def inbox(self, actor_id: int) -> str:
        """The personal inbox of an actor that lives here."""
        return f"{self.origin}/a/{actor_id}/inbox"

    @property
    def shared_inbox(self) -> str:
        """The one inbox that serves everybody here."""
        return f"{self.origin}/inbox"

    def collection(self, actor_id: int, name: str) -> str:
        """A collection of an actor here: outbox, followers, following."""
        return f"{self.origin}/a/{actor_id}/{name}"

    def profile(self, handle: str) -> str:
        """The page that a person opens in a browser."""
        return f"{self.origin}/@{handle}"

    def post_page(self, handle: str, post_id: int) -> str:
        """The page of one post."""
        return f"{self.origin}/@{handle}/{post_id}"
