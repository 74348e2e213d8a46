"""draft-cavage signatures over any list of headers, as senders with other habits make them."""

import base64
from typing import Any

from federation import draft_cavage
from federation.signatures import IncomingRequest
from tests.federation.signing import AS2_TYPE, BODY, KEY_ID, NOW, received, rsa_key

ALL = ["(request-target)", "host", "date", "digest"]


def hand_signed(
    names: list[str],
    values: dict[str, str],
    *,
    method: str = "post",
    target: str = "/inbox",
    algorithm: str | None = "rsa-sha256",
    extra: str = "",
    listed: str | None = None,
) -> str:
    """A Signature header over exactly `names`, as a sender with other habits would make it."""
    known = {"(request-target)": f"{method} {target}", **values}
    text = "\n".join(f"{name}: {known[name]}" for name in names)
    signature = base64.b64encode(rsa_key().sign(text.encode())).decode()
    declared = f'algorithm="{algorithm}",' if algorithm is not None else ""
    return (
        f'keyId="{KEY_ID}",{declared}{extra}'
        f'headers="{" ".join(names) if listed is None else listed}",signature="{signature}"'
    )


def fields(**changed: str) -> dict[str, str]:
    return {
        "host": "a.example",
        "date": draft_cavage.http_date(NOW),
        "digest": draft_cavage.digest_header(BODY),
        "content-type": AS2_TYPE["Content-Type"],
        **changed,
    }


def delivery(names: list[str], values: dict[str, str] | None = None, **how: Any) -> IncomingRequest:
    values = values or fields()
    return received({**values, "signature": hand_signed(names, values, **how)})
