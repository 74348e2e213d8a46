"""Pictures beside a Note, and where a community keeps its copies of them."""

from activitypub.vocabulary import COPY, SHA256, JsonDict
from domain.node import Node
from storage.queries.files import FileRow


def attachment(file: FileRow, node: Node) -> JsonDict:
    """A file of this node as an entry of `attachment` (AS2 Vocabulary §4.1).

    With the hash of its bytes: inside a proof, whoever gets a copy can tell that it is this one.
    """
    shown: JsonDict = {
        "type": "Image",
        "mediaType": file.media_type,
        "url": node.file(file.id),
        "name": file.alt or None,
        "width": file.width,
        "height": file.height,
        "blurhash": file.blurhash,
        SHA256: file.digest,
    }
    if file.focus:
        x, y = file.focus.split(",")
        shown["focalPoint"] = [float(x), float(y)]
    return {name: value for name, value in shown.items() if value is not None}


def copy(file: FileRow, node: Node) -> JsonDict:
    """Where this node keeps its copy of a file that the author's node has."""
    return {"url": file.source, COPY: node.file(file.id), SHA256: file.digest}
