"""FastAGI: the protocol, and a server for it."""
