"""Fixtures that every test folder finds by name. Here once, so that "session" means one for the whole run."""

import signal

import pytest
from argon2 import PasswordHasher

import storage.passwords
from tests.asterisk.pbx import make_pbx, shared_pbx

__all__ = ["make_pbx", "shared_pbx"]

# Who starts us in the background has us ignore Ctrl-C, and what we start inherits that: the tests that press it would
# press in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> None:
    """Hash at the least cost: hundreds of tests have users. ``storage/test_passwords.py`` looks at the real cost."""
    storage.passwords.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
