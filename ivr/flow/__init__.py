"""The flow language: what a phone menu is made of."""
