"""A key of an actor as readers need it."""

from msgspec import Struct

from domain.kinds import KeyType


class KeyView(Struct, frozen=True, gc=False):
    """A public key: PEM for RSA, multibase (FEP-521a) for Ed25519."""

    id: int
    actor_id: int
    uri: str
    type: KeyType
    public: str
