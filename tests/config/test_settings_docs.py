"""``docs/settings.md`` is a reference only as long as it names every setting there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.secrets import Secrets
from config.section import Section
from config.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def names(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from ((f"[{name}]", inner) for inner in field.annotation.model_fields)
        else:
            yield "", name


def rows(section: str) -> str:
    """Return the table's rows of one section, those before the first section for ``""``."""
    table = PAGE.read_text(encoding="utf-8").partition("## Every setting")[2].partition("Two variables")[0]
    before, *sections = table.split("| **`")
    return before if not section else next((rest for rest in sections if rest.startswith(section)), "")


@pytest.mark.parametrize(("section", "name"), list(names(Settings)))
def test_every_setting_stands_in_its_sections_table(section: str, name: str) -> None:
    first_cells = [row.split("|")[1] for row in rows(section).splitlines() if row.startswith("| `")]
    assert any(f"`{name}`" in cell for cell in first_cells), f"{section} {name} is not in docs/settings.md"


@pytest.mark.parametrize("name", list(Secrets.model_fields))
def test_every_secret_is_named(name: str) -> None:
    line = next(row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `secrets.toml`"))
    assert f"`{name}`" in line or f"`[{name}]`" in line
