"""Measurements: how fast, how flat, and what survives. ``python -m bench NAME [--quick] [--json]``.

A bench is a module of this package with a coroutine function ``run(quick) -> Report``; its name is the module's.
Each figure that is judged is a ratio taken in one run, never a time alone. Everything stays on loopback, is bounded,
and ends what it started.
"""
