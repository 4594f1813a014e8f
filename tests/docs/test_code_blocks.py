"""Every Python block of the pages runs, in order, in one folder of its own."""

import re
import warnings

import pytest

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ("tutorial", "howto", "files", "explorer", "parameters")


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of_a_page_run(root, tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    text = (root / "docs" / f"{page}.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert blocks, page
    names = {}
    for block in blocks:
        line = text[: text.index(block)].count("\n") + 1
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile("\n" * (line - 1) + block, f"docs/{page}.md", "exec"), names)
