"""The whole hotline, as its callers, agents and supervisors have it."""
