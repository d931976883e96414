"""A flow as data: the steps of a phone menu, as an operations manager writes them in YAML.

Types only. Reading and checking is :mod:`ivr.flow.loader`'s, going through it :mod:`ivr.flow.engine`'s. In a flow
``0`` always leads to a person and ``*`` always repeats, so neither can be a choice.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cti.domain.events import Language

StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
PromptId = Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]
ChoiceKey = Annotated[str, Field(pattern=r"^[1-9]$")]
Seconds = Annotated[float, Field(gt=0, le=30)]

UNAVAILABLE: Final = "unavailable"
"""The way out of every look-up that had no answer in time."""


class Part(BaseModel):
    """Base of the parts of a flow: frozen, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sentence(Part):
    """A prompt of the catalogue. Its slots are filled from the values of the same name, unless ``values`` renames."""

    prompt: PromptId
    values: dict[str, Name] = {}


def _sentence(raw: Any) -> Any:
    return {"prompt": raw} if isinstance(raw, str) else raw


def _sentences(raw: Any) -> Any:
    return raw if isinstance(raw, list | tuple) else [raw]


Said = Annotated[Sentence, BeforeValidator(_sentence, json_schema_input_type=PromptId | Sentence)]
Speeches = Annotated[
    tuple[Said, ...],
    BeforeValidator(_sentences, json_schema_input_type=PromptId | Sentence | list[PromptId | Sentence]),
]


def _going(raw: Any) -> Any:
    return {"go": raw} if isinstance(raw, str) else raw


class Choice(Part):
    """Where a key leads; it may choose the language on the way."""

    go: StepId
    language: Language | None = None


class Way(Part):
    """Where an answer leads: to ``go`` the first ``times`` times in a call, then to ``afterwards``."""

    go: StepId
    times: Annotated[int, Field(ge=1, le=9)] | None = None
    afterwards: StepId | None = None


class Say(Part):
    """Say something and go on. Any key but ``#`` cuts it short and counts for the step that follows.

    ``serves``: whoever hears this to its end got what they called for.
    """

    do: Literal["say"]
    say: Speeches
    serves: bool = False
    then: StepId


class Menu(Part):
    """Offer choices by key. ``languages`` has the question spoken in each of them, one after the other."""

    do: Literal["menu"]
    ask: Speeches
    languages: tuple[Language, ...] = ()
    choices: Annotated[
        dict[ChoiceKey, Annotated[Choice, BeforeValidator(_going, json_schema_input_type=StepId | Choice)]],
        Field(min_length=1, max_length=9),
    ]


class Ask(Part):
    """Ask for digits and keep them as ``into``: exactly ``digits`` of them, or from ``least`` to ``digits``.

    It ends with the last digit, the terminator, or silence. ``check: account`` checks the check digit and
    ``claims_account`` tells the agent's screen; ``secret`` digits go to services and nowhere else.
    """

    do: Literal["ask"]
    ask: Speeches
    into: Name
    digits: Annotated[int, Field(ge=1, le=20)]
    least: Annotated[int, Field(ge=1, le=20)] | None = None
    terminator: Literal["#"] = "#"
    check: Literal["account"] | None = None
    wrong: Said | None = None
    claims_account: bool = False
    secret: bool = False
    then: StepId

    @model_validator(mode="after")
    def _least_is_less(self) -> "Ask":
        if self.least is not None and self.least >= self.digits:
            raise ValueError("'least' must be less than 'digits'; leave it out where every digit is needed")
        return self


class LookUp(Part):
    """Ask a service of ours. ``hold`` is said after ``hold_after_s``; after ``limit_s`` it is ``unavailable``."""

    do: Literal["look_up"]
    service: Name
    hold: Said
    hold_after_s: Seconds = 2.5
    limit_s: Seconds = 6.0
    ways: dict[Name, Annotated[Way, BeforeValidator(_going, json_schema_input_type=StepId | Way)]]


class Branch(Part):
    """Go by a word that a service left, or by ``language``."""

    do: Literal["branch"]
    by: Name
    ways: dict[Name, StepId]
    otherwise: StepId


class Queue(Part):
    """Take the caller to a person: the end of the flow. Without ``queue`` it is the site's own."""

    do: Literal["queue"]
    say: Speeches = ()
    queue: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] | None = None


class HangUp(Part):
    """Say goodbye: the end of the flow, the caller is done."""

    do: Literal["hang_up"]
    say: Speeches = ()


Step = Annotated[Say | Menu | Ask | LookUp | Branch | Queue | HangUp, Field(discriminator="do")]


class Help(Part):
    """What is said to a caller who keyed nothing, or the wrong thing; ``more`` is added from the second time on."""

    none: Said
    wrong: Said
    more: Said


class Flow(Part):
    """One phone menu."""

    flow: Name
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    start: StepId
    person: StepId
    help: Help
    tries: Annotated[int, Field(ge=1, le=5)] = 3
    first_key_s: Seconds = 6.0
    next_key_s: Seconds = 4.0
    steps: dict[StepId, Step]

    @property
    def language(self) -> Language:
        """The language of a caller who has not chosen one."""
        return self.languages[0]


def exits(step: Step) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return where ``step`` can lead, each with its place in the step: ``(("choices", "1", "go"), "bill")``."""
    match step:
        case Say() | Ask():
            return ((("then",), step.then),)
        case Menu():
            return tuple((("choices", key, "go"), choice.go) for key, choice in step.choices.items())
        case LookUp():
            return tuple(exit for name, way in step.ways.items() for exit in _exits_of_way(name, way))
        case Branch():
            return (*((("ways", name), go) for name, go in step.ways.items()), (("otherwise",), step.otherwise))
        case Queue() | HangUp():
            return ()


def _exits_of_way(name: str, way: Way) -> tuple[tuple[tuple[str, ...], str], ...]:
    first = (("ways", name, "go"), way.go)
    return (first,) if way.afterwards is None else (first, (("ways", name, "afterwards"), way.afterwards))


def sentences(step: Step) -> tuple[tuple[str, Sentence], ...]:
    """Return what ``step`` may say, each with the key it stands under."""
    match step:
        case Say():
            return tuple(("say", sentence) for sentence in step.say)
        case Queue() | HangUp():
            return tuple(("say", sentence) for sentence in step.say)
        case Menu():
            return tuple(("ask", sentence) for sentence in step.ask)
        case Ask():
            asked = tuple(("ask", sentence) for sentence in step.ask)
            return asked if step.wrong is None else (*asked, ("wrong", step.wrong))
        case LookUp():
            return (("hold", step.hold),)
        case Branch():
            return ()
