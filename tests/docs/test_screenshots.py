"""The pictures of tutorial, explorer and report are there, small, and shown with a text beside them."""

import re

import pytest
from tools.docs import screenshots


def test_they_are_there_small_and_shown(root):
    assert screenshots.make(root, write=False) == [], "run: python -m tools.docs screenshots, and look at them"


@pytest.mark.parametrize("name", screenshots.PICTURES)
def test_they_are_pictures_with_a_text(root, name):
    path = root / screenshots.FOLDER / f"{name}.png"
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    pages = "".join(page.read_text(encoding="utf-8") for page in (root / "docs").glob("*.md"))
    (text,) = re.findall(rf"!\[([^\]]*)\]\(images/screenshots/{name}\.png\)", pages)
    assert len(text.split()) > 8
