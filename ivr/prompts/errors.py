"""What can go wrong with speech.

SpeechError
├── UnsayableError        a value that is none, or a clause that can't be said in any way
├── CatalogueError        the catalogue contradicts itself
├── PinnedFileError       a model or voice is missing or isn't the one that was reviewed
├── RenderError           an engine gave nothing usable for a text
├── PackError             a core pack that can't be read
└── StudioError           a studio recording that can't be played
"""


class SpeechError(Exception):
    """Base of everything in this package."""


class UnsayableError(SpeechError):
    """There are no words, or no sound, for this. The caller belongs with a person."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)

    def __str__(self) -> str:
        return f"cannot be said: {self.what}"


class CatalogueError(SpeechError):
    """The catalogue of prompts contradicts itself; every fault is listed."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__(faults)

    def __str__(self) -> str:
        return "faults in the catalogue of prompts: " + "; ".join(self.faults)


class PinnedFileError(SpeechError):
    """A model, voice or package is missing, or is not the pinned one. It is never used."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.name, self.expected, self.found = name, expected, found
        super().__init__(name, expected, found)

    def __str__(self) -> str:
        return f"{self.name} is refused: expected {self.expected}, found {self.found}"


class RenderError(SpeechError):
    """An engine gave nothing usable."""


class PackError(SpeechError):
    """A core pack is damaged or missing; its clips have to be rendered."""


class StudioError(SpeechError):
    """A studio recording can't be used."""
