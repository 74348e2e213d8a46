"""What RFC 9421 has signed: the signature base (§2.5), of what servers sign requests with.

No component here has parameters: those would be parts or re-codings of others, and are refused
before (row S21). So a base is a line for each component, and the label's own parameters in their
one spelling. The general reader of structured fields takes five times as long as verifying RSA;
what nearly everybody sends is read without it (`read_plainly`), and the rest with it.
"""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

_LABEL: Final = r"[a-z*][a-z0-9_.*-]*"
_STRING: Final = r'"[ !#-\[\]-~]*"'
_INPUT: Final = re.compile(
    rf"(?P<label>{_LABEL})=(?P<text>\((?P<names>{_STRING}(?: {_STRING})*)\)"
    rf"(?P<rest>(?:;[a-z]+=(?:{_STRING}|0|[1-9][0-9]{{0,14}}))*))"
)
_NAME: Final = re.compile(r'"([^"]*)"')
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
_SIGNATURE: Final = re.compile(rf"(?P<label>{_LABEL})=:(?P<value>[A-Za-z0-9+/]+={{0,2}}):")
#: Characters. A real field has 300.
_LONGEST: Final = 2_048
#: Fields that no signature is over: two hold it, and lines of the third cannot be joined (§2.1).
_NEVER: Final = frozenset({"signature", "signature-input", "set-cookie"})


class Labels(NamedTuple):
    """`Signature-Input` and `Signature`, by label, as `http_sf` reads them.

    `text`: if there is one label, and in its one spelling, what the base's last line says.
    """

    inputs: dict[str, Any]
    signatures: dict[str, Any]
    text: str | None = None


class Signed(Struct, frozen=True):
    """A request, as far as it can be signed. `url` and `target` are encoded, `authority` is in
    lower case and without the scheme's own port (§2.2.3); `field` gives a field's value, None if
    there is none.
    """

    method: str
    url: str
    authority: str
    target: str
    field: Callable[[str], str | None]


def read_plainly(inputs: str, signatures: str) -> Labels | None:
    """One label in its one spelling; None for anything else, which may be good nevertheless.

    In its one spelling a field is its own serialization (RFC 9651 §4.1), so nothing has to be
    written again to be compared.
    """
    if len(inputs) > _LONGEST or len(signatures) > _LONGEST:
        return None
    said, given = _INPUT.fullmatch(inputs), _SIGNATURE.fullmatch(signatures)
    if said is None or given is None or said["label"] != given["label"]:
        return None
    value = _bytes(given["value"])
    found = _PARAMETER.findall(said["rest"])
    parameters = {name: int(number) if number else text for name, text, number in found}
    if value is None or len(parameters) != len(found):
        return None
    label = said["label"]
    members: list[Any] = [(name, {}) for name in _NAME.findall(said["names"])]
    return Labels({label: (members, parameters)}, {label: (value, {})}, said["text"])


def _bytes(text: str) -> bytes | None:
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return value if base64.b64encode(value).decode() == text else None


def parameters_of(components: Sequence[str], parameters: dict[str, str | int]) -> str:
    """The base's last line: what is covered, and what is said of the signature.

    Raises ValueError for text that is no string of structured fields (RFC 9651 §3.3.3).
    """
    listed = " ".join([_written(name) for name in components])
    rest = "".join([f";{name}={_written(value)}" for name, value in parameters.items()])
    return f"({listed}){rest}"


def _written(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if not value.isascii() or not (value.isprintable() or not value):
        raise ValueError("text that no structured field holds")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def signature_base(components: Sequence[str], text: str, signed: Signed) -> bytes | None:
    """The bytes that are signed; `text` is the last line. None if a component has no value here."""
    lines = []
    for name in components:
        value = _value(name, signed)
        if value is None or not value.replace("\t", " ").isprintable():
            return None
        lines.append(f'"{name}": {value}')
    base = "\n".join([*lines, f'"@signature-params": {text}'])
    return base.encode("ascii") if base.isascii() else None


def _value(name: str, signed: Signed) -> str | None:
    """A component's value (§2.1, §2.2)."""
    if not name.startswith("@"):
        return None if name in _NEVER else signed.field(name)
    match name:
        case "@method":
            return signed.method if signed.method == signed.method.upper() else None
        case "@target-uri":
            return signed.url
        case "@authority":
            return signed.authority
        case "@request-target":
            return signed.target
        case "@path":
            return signed.target.partition("?")[0]
        case "@query":
            return "?" + signed.target.partition("?")[2]
        case "@scheme":
            return signed.url.partition(":")[0]
    return None
