"""docs/recovery.md says what the transition table says."""

from support.recovery_page import PAGE, render


def test_page_is_up_to_date() -> None:
    """`cd tests && python -m support.recovery_page` writes its diagram and its tables."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == render(page)
    assert render(page.replace("| `received` |", "| `lost` |")) == page
