"""A real Asterisk of our own, for demo and tests."""
