"""The pages that are made from the code say what the code says."""

from __future__ import annotations

import pytest
from click import Context, Group

from fanfold.cli import main
from tools.pages import DOCS, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name](), "run `make docs`"


def test_what_is_hidden_from_people_is_on_no_page() -> None:
    service = main.get_command(Context(main), "service")
    assert isinstance(service, Group)
    assert service.commands["run"].hidden
    assert "service run" not in PAGES["cli.md"]()
    assert "## `fanfold service install`" in PAGES["cli.md"]()
