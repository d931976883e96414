"""The figures of the call centre: what is counted, how it adds up, and who computes which number how.

::

    ended call ── facts ──┐
                          ├── cells (15 min, queue, agent) ── tally + tally + … ── profile ── figures
    agent's time slices ──┘

A :class:`~cti.domain.kpi.tally.Tally` is counts and sums only, so that tallies of any parts add up to that of the
whole; a :class:`~cti.domain.kpi.figures.Figure` is the number with its formula and its inputs. No I/O, no clock.
"""
