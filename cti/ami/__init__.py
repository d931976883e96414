"""The AMI link, on panoramisk's seams: what the PBX tells us and what we ask of it. The domain is not known here.

``link`` (always there, reconnects) → ``session`` (one connection; its actions are in ``wire``) → ``frames`` (bytes to
messages, no I/O) and ``messages`` (headers); ``intake`` (bounded queue, one ordered worker) → handlers; ``actions``
(all we ever ask).
"""
