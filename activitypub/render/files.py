"""Files beside a Note, and where a community keeps its copies of them."""

from typing import Final

from activitypub.vocabulary import COPY, SHA256, JsonDict
from domain.filetypes import Form, form_of
from domain.node import Node
from storage.queries.files import FileRow

_TYPES: Final = {Form.PICTURE: "Image", Form.FILM: "Video", Form.SOUND: "Audio"}


def attachment(file: FileRow, node: Node) -> JsonDict:
    """A file of this node as an entry of `attachment` (AS2 Vocabulary §4.1).

    With the hash of its bytes: inside a proof, whoever gets a copy can tell that it is this one.
    """
    name = file.alt or file.name
    shown = {**shape(file, node.file(file.id)), SHA256: file.digest}
    if name:
        shown["name"] = name
    if file.focus:
        x, y = file.focus.split(",")
        shown["focalPoint"] = [float(x), float(y)]
    return shown


def shape(file: FileRow, url: str) -> JsonDict:
    """A file at an address: what it is, how large, and how long it plays."""
    shown: JsonDict = {
        "type": _TYPES.get(form_of(file.media_type) or Form.PAPER, "Document"),
        "mediaType": file.media_type,
        "url": url,
        "width": file.width or None,
        "height": file.height or None,
        "duration": f"PT{file.duration / 1000:g}S" if file.duration else None,
        "blurhash": file.blurhash or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def copy(file: FileRow, node: Node) -> JsonDict:
    """Where this node keeps its copy of a file that the author's node has."""
    return {"url": file.source, COPY: node.file(file.id), SHA256: file.digest}
