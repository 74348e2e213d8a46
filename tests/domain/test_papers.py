"""Documents: told apart by what is inside, and refused where opening them would hurt (D18)."""

import struct
import zipfile
from io import BytesIO

import pytest

from domain import papers
from domain.errors import Invalid
from domain.filetypes import clean_name, form_of, sniffed
from tests.support.films import PDF, office, open_document
from tests.support.timing import is_quick


def kind(content: bytes, name: str = "") -> str:
    return papers.kind_of(content, sniffed(content, name))


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """An office document with more in it."""
    out = BytesIO(office())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "wanted"),
    [
        (office("docx"), "", ".docx"),
        (office("xlsx"), "", ".xlsx"),
        (office("pptx"), "", ".pptx"),
        (open_document(), "", ".odt"),
        (open_document("application/vnd.oasis.opendocument.spreadsheet"), "", ".ods"),
        (PDF, "", ".pdf"),
        (b"words", "a.TXT", ".txt"),
        (b"\xef\xbb\xbf# words", "a.md", ".md"),
        (b"a,b", "a.csv", ".csv"),
    ],
    ids=["docx", "xlsx", "pptx", "odt", "ods", "pdf", "txt", "md", "csv"],
)
def test_documents_are_told_apart(content: bytes, name: str, wanted: str) -> None:
    assert clean_name("x", kind(content, name)) == f"x{wanted}"
    assert form_of(kind(content, name)) == "paper"


def test_D18_a_bomb_is_counted_and_not_believed() -> None:
    big = zipped(("word/media/zeros", b"\0" * (papers.MOST_UNPACKED + 1)))
    assert len(big) < 1 << 20

    def refused() -> None:
        with pytest.raises(Invalid):
            kind(big)

    assert is_quick(refused, seconds=5)
    assert kind(zipped(("word/media/zeros", b"\0" * (1 << 20))))


def test_D18_forged_sizes_are_found() -> None:
    content = bytearray(zipped(("word/media/zeros", b"\0" * (1 << 20))))
    at = content.rfind(b"PK\x01\x02")
    struct.pack_into("<L", content, at + 24, 10)
    with pytest.raises(Invalid):
        kind(bytes(content))


def test_D18_many_entries_are_not_read() -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for number in range(papers.MOST_ENTRIES + 1):
            made.writestr(f"{number}", b"")
    with pytest.raises(Invalid):
        kind(out.getvalue())


def test_D18_a_list_that_hides_its_length_is_not_read() -> None:
    names = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[20] * 6, 0, 0, 0, 1, *[0] * 4, 0, 0) + b"x"
        for _ in range(200_000)
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(names), 4, 0)

    def refused() -> None:
        with pytest.raises(Invalid):
            kind(b"PK\x03\x04" + names + end)

    assert is_quick(refused, seconds=1)


@pytest.mark.parametrize(
    "name", ["../x", "word/../../x", "/etc/passwd", "C:/x", "..\\x", "a\\..\\..\\x"]
)
def test_D18_what_leaves_its_folder_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        kind(zipped((name, b"x")))


def test_D18_what_points_elsewhere_is_refused() -> None:
    link = zipfile.ZipInfo("word/link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(Invalid):
        kind(zipped((link, b"/etc/passwd")))


def test_D18_what_is_broken_is_refused() -> None:
    good = office()
    damaged = bytearray(good)
    damaged[40] ^= 0xFF
    for content in (good[:-10], good[: len(good) // 2], bytes(damaged), b"PK\x03\x04" + b"x" * 99):
        with pytest.raises(Invalid):
            kind(content)


def test_macros_and_other_archives_are_refused() -> None:
    with pytest.raises(Invalid, match="macros"):
        kind(zipped(("word/vbaProject.bin", b"x")))
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("a.exe", b"MZ")
    with pytest.raises(Invalid, match="Archives"):
        kind(out.getvalue())


def test_M01_a_pdf_is_nothing_else_besides() -> None:
    assert kind(PDF + b"\n" * 20) == "application/pdf"
    for content in (PDF + office(), PDF + b"x" * 5000, b"%PDF-1.7\n<script>\n%%EOF", b"%PDF-1.7\n"):
        with pytest.raises(Invalid):
            kind(content)
