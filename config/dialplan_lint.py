"""A linter for the dialplan that we ship: strangers write into it by calling, so what it may say is narrow.

Each finding has a file, a line, a rule's name and what to do. It reads ``extensions.conf`` syntax, rendered or as
a template, and knows nothing of a running PBX. ``python -m config.dialplan_lint FILE…`` prints findings and ends
with 1 if there are any.

=================== ==========================================================================================
rule                what it refuses
=================== ==========================================================================================
open-pattern        an extension pattern that ends in ``.`` or ``!``: a caller could dial anything into it
shell               applications and functions that start programs, fetch URLs, place calls, touch files, or
                    expand a text a second time
unfiltered          what is not known to be ours, used without ``FILTER()`` round it
keypad-power        options of Dial and Queue that let a keypad transfer, park, record or hang up
no-timeout-exten    a context that sets ``TIMEOUT(absolute)`` and has no ``T``
no-input-extens     a context that waits for keys and lacks ``t`` or ``i``
no-dead-mans-switch an AGI call without ``TIMEOUT(absolute)`` and ``AGIEXITONHANGUP=yes`` before it
unfinished          an extension that does not end in Goto, Hangup or Return: the call would fall through
open-include        ``#exec`` and ``switch =>``: lines that another program or host decides
syntax              a line that Asterisk would drop with a warning that nobody reads
=================== ==========================================================================================
"""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SHELL_APPS = frozenset(
    [
        "system",
        "trysystem",
        "externalivr",
        "eagi",
        "deadagi",
        "asyncagi",
        "festival",
        "mp3player",
        "nbscat",
        "sms",
        "disa",
        "readfile",
        "record",
        "dictate",
        "mixmonitor",
        "originate",
        "sendtext",
        "exec",
        "tryexec",
        "execif",
        "lua",
        "chanspy",
        "extenspy",
        "followme",
        "page",
        "db",
        "dbdel",
        "dbdeltree",
    ]
)
"""Applications that start programs, write files, place or join calls, or run what their argument names."""

SHELL_FUNCTIONS = frozenset(
    [
        "SHELL",
        "CURL",
        "CURLOPT",
        "FILE",
        "ENV",
        "EVAL",
        "EVAL_EXTEN",
        "REALTIME",
        "AST_CONFIG",
        "DB",
        "DB_DELETE",
        "ODBC",
        "SRVQUERY",
        "ENUMLOOKUP",
    ]
)
"""Functions that start programs, ask other hosts, read files, or expand what they are given a second time."""

OUR_FUNCTIONS = frozenset(
    ["IF", "MATH", "TIMEOUT", "QUEUE_EXISTS", "QUEUE_MEMBER", "STRFTIME", "LEN", "ISNULL", "MD5", "SHA1"]
)
"""Functions whose value is no more dangerous than what they are given."""

OUR_CHANNEL_ITEMS = frozenset(["linkedid", "uniqueid", "musicclass", "state", "name"])
"""Items of ``CHANNEL()`` that Asterisk or this dialplan makes."""

OUR_VARIABLES = frozenset(
    ["DIALSTATUS", "QUEUESTATUS", "AGISTATUS", "HANGUPCAUSE", "PLAYBACKSTATUS", "EPOCH", "UNIQUEID", "PRIORITY"]
)
"""Variables that Asterisk sets to one of a few words or to a number of its own."""

KEYPAD_OPTIONS = {"dial": frozenset("tTkKwWxXhH"), "queue": frozenset("tTkKwWxXhH")}
_OPTIONS_AT = {"dial": 2, "queue": 1}
_TERMINAL_APPS = frozenset(["goto", "hangup", "return", "busy", "congestion"])
_KEY_APPS = frozenset(["background", "waitexten"])

_SECTION = re.compile(r"\[(?P<name>[\w-]+)\](?:\([^)]*\))?")
_EXTEN = re.compile(r"exten\s*=>?\s*(?P<exten>[^,]+),(?P<priority>[^,]+),(?P<app>.+)", re.IGNORECASE)
_SAME = re.compile(r"same\s*=>?\s*(?P<priority>[^,]+),(?P<app>.+)", re.IGNORECASE)
_APP = re.compile(r"(?P<name>\w+)(?:\((?P<arguments>.*)\))?")
_HARMLESS = re.compile(r"(?:include|ignorepat)\s*=>?.*|#(?:try)?include\s+\S+", re.IGNORECASE)
_OPEN_INCLUDE = re.compile(r"#exec\b.*|[le]?switch\s*=>?.*", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"(?P<name>[\w]+(?:\([^)]*\))?)=(?P<value>.*)", re.DOTALL)
_FUNCTION = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)(?::-?\d+(?::-?\d+)?)?", re.DOTALL)
_TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}")
_TEMPLATE_VALUE = re.compile(r"\{\{.*?\}\}")

Report = Callable[[int, str, str], None]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that must not be shipped, and what to do about it."""

    file: str
    line: int
    rule: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.advice}"


@dataclass(frozen=True, slots=True)
class Step:
    """One priority of an extension. ``app`` is in lower case: Asterisk does not tell cases apart."""

    line: int
    app: str
    arguments: str


@dataclass(slots=True)
class Context:
    """One context: its extensions in order, each with its steps."""

    extensions: dict[str, list[Step]] = field(default_factory=dict)

    @property
    def steps(self) -> Iterator[Step]:
        """All steps of all extensions."""
        return (step for steps in self.extensions.values() for step in steps)


def lint(text: str, file: str = "extensions.conf") -> list[Finding]:
    """Return what is wrong with a dialplan, in the order of its lines."""
    findings: set[Finding] = set()

    def report(line: int, rule: str, advice: str) -> None:
        findings.add(Finding(file, line, rule, advice))

    for context in _read(text, report):
        _check_needed_extensions(context, report)
        for steps in context.extensions.values():
            _check_extension(steps, report)
    return sorted(findings)


# ------------------------------------------------------------------ reading


def _read(text: str, report: Report) -> list[Context]:
    contexts: list[Context] = []
    extension = ""
    settings_section = True
    for number, raw in enumerate(text.splitlines(), start=1):
        line = _bare(raw)
        if not line:
            continue
        if section := _SECTION.fullmatch(line):
            settings_section = section["name"] in ("general", "globals")
            contexts.append(Context())
        elif _OPEN_INCLUDE.fullmatch(line):
            report(number, "open-include", "write the lines here: what is included this way is decided elsewhere")
        elif not settings_section and not _HARMLESS.fullmatch(line):
            extension = _read_step(line, number, extension, contexts[-1], report)
    return contexts


def _bare(raw: str) -> str:
    """Return the line without comment and template tags; a template's value reads as ``1``."""
    line = _TEMPLATE_VALUE.sub("1", _TEMPLATE_TAG.sub("", raw))
    return re.split(r"(?<!\\);", line, maxsplit=1)[0].strip()


def _read_step(line: str, number: int, extension: str, context: Context, report: Report) -> str:
    match = _EXTEN.fullmatch(line) or _SAME.fullmatch(line)
    app = _APP.fullmatch(match["app"].strip()) if match else None
    if match is not None and match["priority"].strip() == "hint":
        return extension
    if match is None or app is None:
        report(number, "syntax", "this is no exten, same or include line; Asterisk would leave it out")
        return extension
    if "exten" in match.groupdict():
        extension = match["exten"].strip()
        _check_pattern(extension, number, report)
    elif extension not in context.extensions:
        report(number, "syntax", "same => without an exten => before it in this context")
    steps = context.extensions.setdefault(extension, [])
    steps.append(Step(number, app["name"].lower(), app["arguments"] or ""))
    return extension


# ------------------------------------------------------------------ rules


def _check_pattern(extension: str, line: int, report: Report) -> None:
    pattern = extension.partition("/")[0]
    if pattern.startswith("_") and pattern[-1] in ".!":
        report(line, "open-pattern", f"{pattern} matches whatever is dialled; write one X per digit")


def _check_needed_extensions(context: Context, report: Report) -> None:
    for step in context.steps:
        if _sets_time_limit(step) and "T" not in context.extensions:
            report(step.line, "no-timeout-exten", "add exten => T to this context, or the caller is cut off")
        if step.app in _KEY_APPS and not {"t", "i"} <= context.extensions.keys():
            report(step.line, "no-input-extens", "add exten => t and exten => i: no key, and a wrong one")


def _check_extension(steps: Sequence[Step], report: Report) -> None:
    ours: set[str] = set()
    for place, step in enumerate(steps):
        _check_apps(step, report)
        _check_options(step, report)
        for name in _unfiltered(step.arguments, ours, for_filter=False):
            report(step.line, "unfiltered", f"put ${{FILTER(allowed characters,${{{name}}})}} round it, or Set it here")
        if step.app == "agi":
            _check_switch(steps[:place], step, report)
            ours.clear()
        elif step.app == "set":
            ours |= _made_ours(step.arguments, ours)
    if steps[-1].app not in _TERMINAL_APPS:
        report(steps[-1].line, "unfinished", "end with Goto, Hangup or Return")


def _check_apps(step: Step, report: Report) -> None:
    if step.app in SHELL_APPS:
        report(step.line, "shell", f"{step.app}: do without it; what programs must do, Hydrophone does")
    if step.app == "agi" and not step.arguments.startswith("agi://"):
        report(step.line, "shell", "AGI starts a program unless it is given an agi:// address")
    for name in re.findall(r"\b([A-Z_]+)\(", step.arguments):
        if name in SHELL_FUNCTIONS or name.startswith("ODBC_"):
            report(step.line, "shell", f"{name}(): do without it")


def _check_options(step: Step, report: Report) -> None:
    if step.app not in KEYPAD_OPTIONS:
        return
    arguments = _split(step.arguments)
    options = arguments[_OPTIONS_AT[step.app]] if len(arguments) > _OPTIONS_AT[step.app] else ""
    bare = re.sub(r"\([^()]*\)", "", options)
    if found := KEYPAD_OPTIONS[step.app].intersection(bare):
        letters = "".join(sorted(found))
        report(step.line, "keypad-power", f"leave out {letters}: a keypad must not transfer, park, record or hang up")


def _check_switch(before: Sequence[Step], agi: Step, report: Report) -> None:
    if not any(_sets_time_limit(step) for step in before):
        report(agi.line, "no-dead-mans-switch", "Set(TIMEOUT(absolute)=…) before it, for a menu that is silent")
    if not any(step.arguments == "AGIEXITONHANGUP=yes" for step in before):
        report(agi.line, "no-dead-mans-switch", "Set(AGIEXITONHANGUP=yes) before it, or it outlives its caller")


def _sets_time_limit(step: Step) -> bool:
    return step.app == "set" and re.fullmatch(r"TIMEOUT\(absolute\)=(?!0$).+", step.arguments) is not None


# ------------------------------------------------------------------ what comes from outside


def _made_ours(arguments: str, ours: set[str]) -> set[str]:
    """Return the name that a Set gives a value of ours, if it does."""
    match = _ASSIGNMENT.fullmatch(arguments)
    if match is None or list(_unfiltered(match["value"], ours, for_filter=False)):
        return set()
    return {match["name"]}


def _unfiltered(text: str, ours: set[str], *, for_filter: bool) -> Iterator[str]:
    """Yield each ``${…}`` in ``text`` that is not known to be ours and stands in no FILTER()."""
    for inner in _expressions(text):
        function = _FUNCTION.fullmatch(inner)
        if inner.partition(":")[0] in ours or for_filter:
            continue
        if function is None:
            if inner.partition(":")[0] not in OUR_VARIABLES:
                yield inner
        elif function["name"] == "FILTER":
            allowed, _comma, value = function["arguments"].partition(",")
            yield from _unfiltered(allowed, ours, for_filter=False)
            yield from _unfiltered(value, ours, for_filter=True)
        elif function["name"] in OUR_FUNCTIONS or _is_channel_item_of_ours(function):
            yield from _unfiltered(function["arguments"], ours, for_filter=False)
        else:
            yield inner


def _is_channel_item_of_ours(function: re.Match[str]) -> bool:
    return function["name"] == "CHANNEL" and function["arguments"] in OUR_CHANNEL_ITEMS


def _expressions(text: str) -> Iterator[str]:
    """Yield what stands in each outermost ``${…}``."""
    at = 0
    while (start := text.find("${", at)) >= 0:
        depth, end = 1, start + 2
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield text[start + 2 : end - 1 if not depth else end]
        at = end


def _split(arguments: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in arguments:
        depth += {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def main(files: Sequence[str]) -> int:
    """Print the findings in ``files``; return 1 if there are any."""
    findings = [finding for file in files for finding in lint(Path(file).read_text(encoding="utf-8"), file)]
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
