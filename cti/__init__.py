"""The call centre: its domain, its link to Asterisk, its services and its command."""
