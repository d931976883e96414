"""The drills themselves: their oracle, and what needs no PBX of them."""
