"""This node as a value: its names, its modes, and the addresses that follow from them."""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.audience import Kind
from domain.links import Links

# What every node is called on the wire: the helper answers private mentions, the
# Application actor signs for the node itself (protocol §1, §3).
HELPER_HANDLE = "tertulia"
APPLICATION_HANDLE = "node"
SOFTWARE = "tertulia"
VERSION = "0.1.0"

# The pictures that this node names itself, of people, as emoji, and of its own pages.
_PICTURE: Final = re.compile(
    r"/(portraits/[0-9]{1,19}/[0-9a-f]{64}"
    r"|emoji/[A-Za-z0-9_]{1,64}-[0-9a-f]{16}\.png"
    r"|static/[A-Za-z0-9_-]+\.[a-z]{2,5}(\?v=[0-9a-f]+)?)"
)


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
    links: Links = field(default_factory=Links, repr=False, compare=False)
    # By which apps and push services know this node (VAPID), base64url; empty: nothing is pushed.
    push_key: str = ""
    looks_at_pages: bool = True
    """Whether pages to which people link are looked at, so that posts show what they are."""

    def actor(self, actor_id: int) -> str:
        """The id of an actor that lives here."""
        return f"{self.origin}/a/{actor_id}"

    def post(self, post_id: int) -> str:
        """The id of a post written here."""
        return f"{self.origin}/o/{post_id}"

    def activity(self, activity_id: int) -> str:
        """The id of an activity sent from here."""
        return f"{self.origin}/act/{activity_id}"

    def beside_post(self, post_id: int, name: str) -> str:
        """A collection of a post written here: replies, likes, shares."""
        return f"{self.origin}/o/{post_id}/{name}"

    def thread(self, root_id: int) -> str:
        """The thread that begins with this post, as a collection (FEP-7888 `context`)."""
        return f"{self.origin}/t/{root_id}"

    def authorization(self, quote_id: int) -> str:
        """The consent of somebody here to one quote (FEP-044f)."""
        return f"{self.origin}/q/{quote_id}"

    def announces(self, root_id: int) -> str:
        """What a community announced in such a thread (FEP-171b `contextHistory`)."""
        return f"{self.origin}/t/{root_id}/history"

    def relay_note(self, token: str) -> str:
        """The id of one member's copy of a community's post; it cannot be guessed."""
        return f"{self.origin}/r/{token}"

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

    def portrait(self, actor_id: int, digest: str) -> str:
        """The picture of somebody here; nobody can guess it."""
        return f"{self.origin}/portraits/{actor_id}/{digest}"

    def profile(self, handle: str) -> str:
        """The page that a person opens in a browser."""
        return f"{self.origin}/@{handle}"

    def post_page(self, handle: str, post_id: int) -> str:
        """The page of one post."""
        return f"{self.origin}/@{handle}/{post_id}"

    def emoji(self, shortcode: str, digest: str) -> str:
        """A custom emoji of this node; another picture has another address."""
        return f"{self.origin}/emoji/{shortcode}-{digest[:16]}.png"

    def post_link(self, post_id: int) -> str:
        """An address that names nobody, and leads who may read a post on to its page."""
        return f"{self.origin}/posts/{post_id}"

    def file(self, file_id: int) -> str:
        """A file as other servers ask for it; they sign, and are asked for their right."""
        return f"{self.origin}/files/{file_id}"

    def media(self, file_id: int, viewer_id: int, *, small: bool = False) -> str:
        """A file as one reader's apps and browsers ask for it (protocol §7); 0 is anybody."""
        address = f"{self.origin}/media/{file_id}/{viewer_id}/{self.links.mac(file_id, viewer_id)}"
        return f"{address}/small" if small else address

    def proxy(self, url: str) -> str:
        """A picture of another server, as everybody here asks for it; ours as it is.

        Only what is a picture of ours: any other address of this node would be opened, with the
        reader's own cookies, by who looks at somebody who calls it their picture (F11).
        """
        ours = url.removeprefix(self.origin)
        if ours != url and _PICTURE.fullmatch(ours):
            return url
        name = urlsafe_b64encode(url.encode()).decode().rstrip("=")
        return f"{self.origin}/proxy/{self.links.mac_of(url)}/{name}"
