"""清源水务 Clearspring Water: an invented utility, the same from the same seed, to try and to test with.

Names, streets and figures are made up. Telephone numbers are of the Chinese range 154 that nobody has been given.
"""
