"""Who speaks each language at a site: one of the engines that ship with us, or one that the site brings."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from config.section import Section

Argument = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]

_SPEAKS: Final = {"kokoro": "zh", "hibari": "en"}


class Speaker(Section):
    """An engine and its options. ``model`` is for ``sherpa``, ``program`` for ``command``."""

    engine: Literal["kokoro", "hibari", "espeak", "sherpa", "command"]
    model: Path | None = None
    """The folder of a model that sherpa-onnx can read."""
    speaker: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Which of a model's voices."""
    program: Annotated[tuple[Argument, ...], Field(max_length=50)] = ()
    """A program and its arguments: text on standard input, WAV on standard output or in the file ``{wav}``."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        if (self.engine == "sherpa") != (self.model is not None):
            raise ValueError("engine sherpa needs model, the folder of its model, and no other engine has one")
        if (self.engine == "command") != bool(self.program):
            raise ValueError("engine command needs program, a list of words, and no other engine has one")
        if self.model is not None and not self.model.is_absolute():
            raise ValueError("model must be an absolute path")
        return self


class Voice(Section):
    """Both speakers. ``verify`` has each clip recognised before a caller hears it."""

    zh: Speaker = Speaker(engine="kokoro")
    en: Speaker = Speaker(engine="hibari")
    verify: bool = True

    @model_validator(mode="after")
    def _check_languages(self) -> Self:
        for language, speaker in (("zh", self.zh), ("en", self.en)):
            if _SPEAKS.get(speaker.engine, language) != language:
                raise ValueError(f"[voice.{language}]: the engine {speaker.engine} does not speak {language}")
        return self
