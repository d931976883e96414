"""Spoken sentences: their wording, rendering and keeping."""
