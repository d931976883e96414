"""The ``hydrophone`` command."""
