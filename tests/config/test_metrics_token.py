"""The metrics token: made once, readable by its owner only."""

from pathlib import Path

from config.metrics_token import NAME, load_or_make


def test_a_token_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = load_or_make(home)
    assert len(made) >= 32
    assert load_or_make(home) == made
    assert (home / NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in home.iterdir()] == [NAME]


def test_an_empty_file_is_no_token(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("\n")
    assert load_or_make(tmp_path)
    assert load_or_make(tmp_path) == load_or_make(tmp_path)


def test_a_site_may_write_its_own(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("ours\n")
    assert load_or_make(tmp_path) == "ours"
