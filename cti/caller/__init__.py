"""A SIP caller that keys digits and records what it hears."""
