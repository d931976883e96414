"""Which Debian mirrors this machine's own apt sources name, in either format."""

from pathlib import Path

import pytest

from cti.sandbox.sources import DEBIAN_KEYRING, Mirror, mirrors

DEB822 = """\
Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://other.example/debian/
Suites: bookworm
Components: main
Enabled: no

Types: deb
URIs: https://inline.example/pub/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abcd
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: https://packages.example/node_20.x
Suites: nodistro
Components: main
"""

ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib   # ours
deb-src http://sources.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] https://signed.example/debian/ bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb http://contrib.example/debian bookworm contrib
"""


@pytest.fixture
def etc_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HYDROPHONE_DEBIAN_MIRROR", raising=False)
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_mirrors_are_read_from_stanzas(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources").write_text(DEB822)
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabcd\n-----END PGP PUBLIC KEY BLOCK-----"
    assert mirrors(etc_apt) == [
        Mirror("http://mirror.example/debian", DEBIAN_KEYRING),
        Mirror("https://inline.example/pub/debian", key),
    ]


def test_mirrors_are_read_from_one_line_sources(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    assert mirrors(etc_apt) == [
        Mirror("http://mirror.example/debian", DEBIAN_KEYRING),
        Mirror("https://signed.example/debian/", "/k.gpg"),
    ]


def test_files_that_apt_would_not_read_are_not_read(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources.disabled").write_text(DEB822)
    (etc_apt / "sources.list.d/debian.list~").write_text(ONE_LINE)
    assert mirrors(etc_apt) == []


def test_a_mirror_named_twice_is_tried_once(etc_apt: Path) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    (etc_apt / "sources.list.d/again.list").write_text(ONE_LINE)
    assert len(mirrors(etc_apt)) == 2


def test_the_environment_beats_them(etc_apt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (etc_apt / "sources.list").write_text(ONE_LINE)
    monkeypatch.setenv("HYDROPHONE_DEBIAN_MIRROR", "https://mine.example/debian")
    assert [mirror.uri for mirror in mirrors(etc_apt)] == ["https://mine.example/debian"]


def test_a_key_that_is_written_out_stays_one_field(etc_apt: Path) -> None:
    (etc_apt / "sources.list.d/debian.sources").write_text(DEB822)
    stanza = mirrors(etc_apt)[1].source("forky")
    assert "Signed-By: -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abcd\n -----END" in stanza
    assert "Suites: forky\n" in stanza
