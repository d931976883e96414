"""A site's settings and secrets, and the shipped hotline: Asterisk templates, flows."""
