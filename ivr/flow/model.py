"""A flow as data: the steps of a phone menu, as an operations manager writes them in YAML.

Types only. What is said is :mod:`ivr.flow.texts`', reading and checking :mod:`ivr.flow.loader`'s, going through it
:mod:`ivr.flow.engine`'s. In a flow ``0`` always leads to a person and ``*`` always repeats, so neither can be a choice.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from cti.domain.events import Language
from ivr.flow.texts import Name, Part, Said, Speeches, Text, WrittenOut

StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
QueueName = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
ChoiceKey = Annotated[str, Field(pattern=r"^[1-9]$")]
Seconds = Annotated[float, Field(gt=0, le=30)]
Kind = Literal[
    "money",
    "month",
    "day",
    "digits",
    "count",
    "date",
    "duration",
    "phone",
    "account",
    "time",
    "words",
    "measure",
]

UNAVAILABLE: Final = "unavailable"
"""The way out of every step that needed something and had no answer in time."""


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


Ways = dict[Name, Annotated[Way, BeforeValidator(_going, json_schema_input_type=StepId | Way)]]


class Say(Part):
    """Say something and go on. Any key but ``#`` cuts it short and counts for the step that follows.

    ``serves``: whoever hears this to its end got what they called for. ``leaves_as`` is what became of a caller who
    then leaves, with no other wish: they heard an announcement, or that nobody is there at this hour.
    """

    do: Literal["say"]
    say: Speeches
    serves: bool = False
    leaves_as: Literal["announcement", "outside_hours"] | None = None
    then: StepId


class Menu(Part):
    """Offer choices by key. ``languages`` has the question spoken in each of them, one after the other.

    ``silence`` is where a caller goes who keys nothing at all; without it they are asked again, then taken to a person.
    """

    do: Literal["menu"]
    ask: Speeches
    languages: tuple[Language, ...] = ()
    choices: Annotated[
        dict[ChoiceKey, Annotated[Choice, BeforeValidator(_going, json_schema_input_type=StepId | Choice)]],
        Field(min_length=1, max_length=9),
    ]
    silence: StepId | None = None


class Ask(Part):
    """Ask for digits and keep them as ``into``: exactly ``digits`` of them, or from ``least`` to ``digits``.

    It ends with the last digit, the terminator, or silence. ``check: account`` checks the check digit, ``reads`` what
    kind of value it must be: a ``date`` (8 digits, year first), a ``day`` (4, month first), a ``month`` (6),
    ``money`` in whole yuan, a ``count``, a ``phone`` number. ``confirm`` reads it back, with ``into`` as its value:
    1 is right, 2 asks again. ``claims_account`` tells the agent's screen; ``secret`` digits go to services and
    nowhere else.
    """

    do: Literal["ask"]
    ask: Speeches
    into: Name
    digits: Annotated[int, Field(ge=1, le=20)]
    least: Annotated[int, Field(ge=1, le=20)] | None = None
    terminator: Literal["#"] = "#"
    check: Literal["account"] | None = None
    reads: Literal["digits", "account", "date", "day", "month", "money", "count", "phone"] | None = None
    wrong: Said | None = None
    confirm: Said | None = None
    claims_account: bool = False
    secret: bool = False
    then: StepId

    @model_validator(mode="after")
    def _least_is_less(self) -> "Ask":
        if self.least is not None and self.least >= self.digits:
            raise ValueError("'least' must be less than 'digits'; leave it out where every digit is needed")
        return self

    @property
    def kind(self) -> Kind:
        """The kind of value that it is when it is spoken."""
        return self.reads or ("account" if self.check == "account" else "digits")


class LookUp(Part):
    """Ask a service of ours. ``hold`` is said after ``hold_after_s``; after ``limit_s`` it is ``unavailable``."""

    do: Literal["look_up"]
    service: Name
    hold: Said
    hold_after_s: Seconds = 2.5
    limit_s: Seconds = 6.0
    ways: Ways


class Branch(Part):
    """Go by a word that a service left, or by ``language``."""

    do: Literal["branch"]
    by: Name
    ways: dict[Name, StepId]
    otherwise: StepId


class Recording(Part):
    """How something is recorded: ``consent`` says that it is and what for, ``ask`` what to say after the tone.

    It ends with the terminator, ``silence_s`` of silence, or after ``longest_s``. With ``review`` the caller decides:
    1 keeps it, 2 plays it, 3 records again; without, it is kept.
    """

    consent: Said | None = None
    ask: Speeches
    longest_s: Annotated[int, Field(ge=3, le=300)] = 60
    shortest_s: Annotated[float, Field(ge=0.5, le=10)] = 1.0
    silence_s: Annotated[int, Field(ge=1, le=20)] = 4
    terminator: Literal["#"] = "#"
    review: Said | None = None


class Record(Recording):
    """Record what the caller says, for ``purpose``. Whoever says nothing goes to ``nothing``, or is taken to a person.

    Without a place to keep it the way is ``unavailable``: by default to a person.
    """

    do: Literal["record"]
    purpose: Name
    serves: bool = False
    then: StepId
    nothing: StepId | None = None
    unavailable: StepId | None = None


class Callback(Part):
    """Offer to call back, on the caller's own number (key 1) or on one they key (2), which is read back.

    ``offer`` and ``confirm`` have the value ``number``, a phone. ``already`` is where a caller goes for whom there is
    one (by default as if it were new), ``refused`` for a number that this site does not call.
    """

    do: Literal["callback"]
    offer: Speeches
    ask: Speeches
    confirm: Said
    queue: QueueName | None = None
    serves: bool = False
    then: StepId
    already: StepId | None = None
    refused: StepId
    unavailable: StepId | None = None


class Question(Part):
    """One question of a survey, answered by a key from 1 to 5, 5 the best."""

    name: Name
    ask: Speeches


class Survey(Part):
    """Ask for marks. Whoever gives ``unhappy`` or less to any of them may say why, if there is a ``word`` to record."""

    do: Literal["survey"]
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=5)]
    unhappy: Annotated[int, Field(ge=1, le=4)] = 2
    word: Recording | None = None
    then: StepId
    unavailable: StepId | None = None


class CallFlow(Part):
    """Go through another flow and come back by one of its return ways."""

    do: Literal["call"]
    flow: Name
    ways: Ways


class Return(Part):
    """Go back to the flow that called this one, by ``way``."""

    do: Literal["return"]
    way: Name


class Queue(Part):
    """Take the caller to a person: the end of the flow. Without ``queue`` it is the site's own."""

    do: Literal["queue"]
    say: Speeches = ()
    queue: QueueName | None = None


class Transfer(Part):
    """Put the caller through to a target that the site's settings name: the end of the flow."""

    do: Literal["transfer"]
    say: Speeches = ()
    to: Name


class HangUp(Part):
    """Say goodbye: the end of the flow, the caller is done."""

    do: Literal["hang_up"]
    say: Speeches = ()


Step = Annotated[
    Say | Menu | Ask | LookUp | Branch | Record | Callback | Survey | CallFlow | Return | Queue | Transfer | HangUp,
    Field(discriminator="do"),
]

KINDS_OF_STEPS: Final = (
    *("say", "menu", "ask", "look_up", "branch", "record", "callback", "survey", "call", "return"),
    *("queue", "transfer", "hang_up"),
)


class Help(Part):
    """What is said to a caller who keyed nothing, or the wrong thing; ``more`` is added from the second time on."""

    none: Said
    wrong: Said
    more: Said


class Flow(Part):
    """One phone menu, or a part of one that others call.

    One that is called says what it relies on: ``takes`` are values its callers bring, ``keyed`` names of digits they
    have asked for, ``words`` those to branch by, ``proved`` that a PIN has proved who calls. One that comes ``later``
    in a call goes on in the language that was chosen before.
    """

    flow: Name
    later: bool = False
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    takes: dict[Name, Kind] = Field(default_factory=dict)
    keyed: tuple[Name, ...] = ()
    words: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    proved: bool = False
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

    @property
    def returns(self) -> frozenset[str]:
        """The ways by which it goes back to a flow that called it."""
        return frozenset(step.way for step in self.steps.values() if isinstance(step, Return))


def exits(step: Step) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return where ``step`` can lead, each with its place in the step: ``(("choices", "1", "go"), "bill")``."""
    match step:
        case Say() | Ask():
            return ((("then",), step.then),)
        case Menu():
            silence = ((("silence",), step.silence),) if step.silence else ()
            return (*((("choices", key, "go"), choice.go) for key, choice in step.choices.items()), *silence)
        case LookUp() | CallFlow():
            return tuple(exit for name, way in step.ways.items() for exit in _exits_of_way(name, way))
        case Branch():
            return (*((("ways", name), go) for name, go in step.ways.items()), (("otherwise",), step.otherwise))
        case Record() | Callback() | Survey():
            named = ("then", "nothing", "already", "refused", UNAVAILABLE)
            return tuple(((name,), go) for name in named if (go := getattr(step, name, None)))
        case Return() | Queue() | Transfer() | HangUp():
            return ()


def _exits_of_way(name: str, way: Way) -> tuple[tuple[tuple[str, ...], str], ...]:
    first = (("ways", name, "go"), way.go)
    return (first,) if way.afterwards is None else (first, (("ways", name, "afterwards"), way.afterwards))


Place = tuple[str | int, ...]


def sentences(step: Step) -> tuple[tuple[str, Text], ...]:
    """Return what ``step`` may say, each with the key it stands under."""
    return tuple((".".join(map(str, place)), sentence) for place, said in speeches(step) for sentence in said)


def speeches(step: Step) -> tuple[tuple[Place, tuple[Text, ...]], ...]:
    """Return what ``step`` may say in one go, each with its place in the step."""
    match step:
        case Say() | Queue() | Transfer() | HangUp():
            found: list[tuple[Place, tuple[Text | None, ...]]] = [(("say",), step.say)]
        case Menu():
            found = [(("ask",), step.ask)]
        case Ask():
            found = [(("ask",), step.ask), (("wrong",), (step.wrong,)), (("confirm",), (step.confirm,))]
        case LookUp():
            found = [(("hold",), (step.hold,))]
        case Record():
            found = [*_of_recording((), step)]
        case Callback():
            found = [(("offer",), step.offer), (("ask",), step.ask), (("confirm",), (step.confirm,))]
        case Survey():
            found = [(("questions", at, "ask"), question.ask) for at, question in enumerate(step.questions)]
            found += _of_recording(("word",), step.word) if step.word else ()
        case _:
            found = []
    told = ((place, tuple(sentence for sentence in said if sentence)) for place, said in found)
    return tuple((place, said) for place, said in told if said)


def _of_recording(place: Place, step: Recording) -> tuple[tuple[Place, tuple[Text | None, ...]], ...]:
    return (
        ((*place, "consent"), (step.consent,)),
        ((*place, "ask"), step.ask),
        ((*place, "review"), (step.review,)),
    )


def own_values(step: Step) -> Mapping[str, Kind]:
    """Return the values that ``step`` itself brings to its sentences, such as the digits it reads back."""
    match step:
        case Ask():
            return {} if step.secret else {step.into: step.kind}
        case Callback():
            return {"number": "phone"}
        case _:
            return {}


def later_values(step: Step) -> Mapping[str, Kind]:
    """Return the values that ``step`` leaves for the steps after it."""
    return own_values(step) if isinstance(step, Ask) else {}


def all_speeches(flow: Flow) -> tuple[tuple[Place, tuple[Text, ...]], ...]:
    """Return what ``flow`` may say in one go, each with its place in the flow."""
    helping: list[tuple[Place, tuple[Text, ...]]] = [
        (("help", word), (getattr(flow.help, word),)) for word in ("none", "wrong", "more")
    ]
    said = ((("steps", name, *place), told) for name, step in flow.steps.items() for place, told in speeches(step))
    return (*helping, *said)


def written_out(flow: Flow) -> Mapping[str, WrittenOut]:
    """Return the sentences that stand in ``flow`` itself, by their ids."""
    texts = (text for _, told in all_speeches(flow) for text in told)
    return {text.prompt: text for text in texts if isinstance(text, WrittenOut)}


def slots_of(text: Text, prompts: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return the slots of ``text`` with their kinds; those of the catalogue's ``prompts`` are given."""
    return text.slots if isinstance(text, WrittenOut) else prompts.get(text.prompt, {})
