"""Fixtures that every test folder finds by name. Here once, so that "session" means one for the whole run."""

import signal

from tests.asterisk.pbx import make_pbx, shared_pbx

__all__ = ["make_pbx", "shared_pbx"]

# Who starts us in the background has us ignore Ctrl-C, and what we start inherits that: the tests that press it would
# press in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
