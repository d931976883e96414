"""The fault drills: a whole hotline, real callers and agents, one fault after the other, and an oracle outside.

``install`` is the hotline with proxies on its links, ``people`` who calls and who answers, ``evidence`` what
everybody wrote down, ``oracle`` the join of it; the other modules are the faults, by what they hit.
"""
