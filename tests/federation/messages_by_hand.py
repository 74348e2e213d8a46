"""RFC 9421 signatures over any list of components, written without any library."""

import base64
import hashlib

from federation.key_material import PrivateKey
from federation.signatures import IncomingRequest, Scheme
from tests.federation.signing import AS2_TYPE, BODY, INBOX, KEY_ID, STAMP, received, rsa_key

BOTH = [Scheme.RFC9421, Scheme.RFC9421_OURS]
NORMAL = ["@method", "@target-uri", "content-digest"]


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def hand_signed(
    components: list[str] = NORMAL,
    parameters: str | None = None,
    *,
    label: str = "sig1",
    values: dict[str, str] | None = None,
    key: PrivateKey | None = None,
    spoil: bool = False,
) -> tuple[str, str]:
    """(Signature-Input, Signature) members over exactly `components`, without any library."""
    key = key or rsa_key()
    known = {
        "@method": "POST",
        "@target-uri": INBOX,
        "@authority": "a.example",
        "content-digest": content_digest(BODY),
        **(values or {}),
    }
    if parameters is None:
        parameters = f';created={STAMP};keyid="{KEY_ID}"'
    listed = "(" + " ".join(f'"{name}"' for name in components) + ")" + parameters
    lines = [f'"{name}": {known.get(name, "")}' for name in components]
    base = "\n".join([*lines, f'"@signature-params": {listed}'])
    signature = bytearray(key.sign(base.encode()))
    signature[0] ^= spoil
    return f"{label}={listed}", f"{label}=:{base64.b64encode(signature).decode()}:"


def delivery(*labels: tuple[str, str], **changed: str) -> IncomingRequest:
    headers = {
        "Host": "a.example",
        "Content-Digest": content_digest(BODY),
        **AS2_TYPE,
        **changed,
        "Signature-Input": ", ".join(label[0] for label in labels),
        "Signature": ", ".join(label[1] for label in labels),
    }
    return received(headers)
