"""The journal: every event of the centre, kept in order and once; any moment of the past again from it."""
