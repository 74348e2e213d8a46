"""Signatures made by hand, so that a test can leave out, double or twist any part of them."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from yarl import URL

from tests.support.stranger import AS2, Person

FULL = ("(request-target)", "host", "date", "digest")


def sha256(body: bytes) -> str:
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def http_date(*, minutes: float = 0) -> str:
    """A Date header, so many minutes from now."""
    return format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)


def cavage(
    person: Person,
    url: str,
    body: bytes,
    *,
    components: Sequence[str] = FULL,
    listed: str | None = None,
    host: str | None = None,
    date: str | None = None,
    digest: str | None = None,
    key_id: str | None = None,
    more: str = "",
) -> dict[str, str]:
    """Headers of a draft-cavage request whose signature is true for exactly `components`.

    `listed` is what the `headers` parameter says instead of them; `more` is appended to the header.
    """
    target = URL(url, encoded=True)
    headers = {
        "Content-Type": AS2,
        "Host": host or target.authority,
        "Date": date or http_date(),
        "Digest": sha256(body) if digest is None else digest,
    }
    values = {name.lower(): value for name, value in headers.items()}
    values["(request-target)"] = f"post {target.raw_path_qs}"
    text = "\n".join(f"{name}: {values.get(name, '')}" for name in components)
    signature = base64.b64encode(person.key.sign(text.encode())).decode()
    names = " ".join(components) if listed is None else listed
    headers["Signature"] = (
        f'keyId="{key_id or person.key_id}",algorithm="rsa-sha256",'
        f'headers="{names}",signature="{signature}"{more}'
    )
    return headers
