"""Flows tried without a telephone: a turned clock, a billing system by table, callers by script or at a terminal."""
