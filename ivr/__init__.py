"""The phone menu: protocol, flows, speech."""
