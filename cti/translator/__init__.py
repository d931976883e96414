"""Asterisk's words and ours: the only package that knows both."""

from cti.translator.inward import Translator
from cti.translator.outward import action
from cti.translator.snapshot import Snapshot, boot_time, snapshot

__all__ = ["Snapshot", "Translator", "action", "boot_time", "snapshot"]
