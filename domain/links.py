"""Addresses of files, one for each reader (protocol §7).

Whoever may read a post gets an address of their own for each of its files. It never changes, nobody
can make one for somebody else, and it is no right: every request asks for the reader's right anew.
"""

import hmac
import secrets
from hashlib import sha256

_LENGTH = 32
"""Characters: 128 bits."""


class Links:
    """Makes and checks the secret part of such addresses. Shows nothing of its key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes | None = None) -> None:
        """Use the node's key; without one, a random key that nobody else has."""
        self._key = key or secrets.token_bytes(32)

    def mac(self, file_id: int, viewer_id: int) -> str:
        """The part that only this node can make; `viewer_id` 0 is anybody."""
        return self._mac(f"{file_id}/{viewer_id}")

    def hold(self, file_id: int, viewer_id: int, mac: str) -> bool:
        """Whether this node made the address."""
        return hmac.compare_digest(self.mac(file_id, viewer_id).encode(), mac.encode())

    def mac_of(self, url: str) -> str:
        """The same for a picture elsewhere: we fetch for nobody what this node did not name."""
        return self._mac(f"proxy {url}")

    def hold_url(self, url: str, mac: str) -> bool:
        """Whether this node named the picture at `url`."""
        return hmac.compare_digest(self.mac_of(url).encode(), mac.encode())

    def _mac(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), sha256).hexdigest()[:_LENGTH]
