"""Oracles of what a caller heard: they listen to recordings and know nothing of the code that made the sound."""
