"""From the AMI link to the centre: each event is translated and applied at once, in the order of the stream."""

from collections.abc import Mapping

from cti.ami.intake import Handler
from cti.ami.messages import Event
from cti.services.live import Live
from cti.translator import Translator
from cti.translator.inward import NAMES


class PbxIntake:
    """What the link hands its events to."""

    def __init__(self, live: Live, translator: Translator) -> None:
        self._live = live
        self._translator = translator

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Every event that means something, with who takes it."""
        return dict.fromkeys(NAMES, self._on_message)

    def _on_message(self, message: Event) -> None:
        for fact in self._translator.facts(message):
            self._live.apply(fact)
