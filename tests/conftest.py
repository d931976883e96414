"""Fixtures that every test folder finds by name. Here once, so that "session" means one for the whole run."""

from tests.asterisk.pbx import make_pbx, shared_pbx

__all__ = ["make_pbx", "shared_pbx"]
