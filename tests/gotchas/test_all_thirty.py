"""Every gotcha of the list has a test that names it."""

import re
from pathlib import Path


def test_all_thirty_are_tested() -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    numbers = {int(number) for number in re.findall(r"def test_gotcha_(\d\d)_", sources)}
    assert numbers == set(range(1, 31))
