"""The list that a studio records from: each clip's file, its words, and what is said before and after it.

Pure. One row a clip, although several sentences may use it: the speaker sees the first of them.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields

from cti.domain.events import Language
from ivr.prompts.catalogue import Catalogue, Template

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet takes for a formula (OWASP, CSV Injection)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One clip to record. ``slot`` is what the braces in ``text`` stand for: one file for each value, if at all."""

    file: str
    id: str
    text: str
    before: str
    after: str
    slot: str
    sentences: str


def rows(catalogue: Catalogue, language: Language) -> Iterator[Row]:
    """Yield what is to be recorded in ``language``, sentence after sentence."""
    users: dict[str, list[str]] = {}
    for prompt in catalogue.prompts.values():
        for clause in prompt.clauses[language]:
            users.setdefault(clause.id, []).append(prompt.id)
    done: set[str] = set()
    for prompt in catalogue.prompts.values():
        clauses = prompt.clauses[language]
        for number, clause in enumerate(clauses):
            if clause.id in done:
                continue
            done.add(clause.id)
            before = clauses[number - 1].text if number else ""
            after = clauses[number + 1].text if number + 1 < len(clauses) else ""
            sentences = " ".join(dict.fromkeys(users[clause.id]))
            yield Row(_file(clause, language), clause.id, clause.text, before, after, clause.kind or "", sentences)


def as_csv(script: Iterable[Row]) -> str:
    """Return the list for a spreadsheet; no cell is taken for a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([column.name for column in fields(Row)])
    table.writerows([_harmless(cell) for cell in astuple(row)] for row in script)
    return out.getvalue()


def as_markdown(script: Iterable[Row]) -> str:
    """Return the list as a table to print."""
    head = [column.name for column in fields(Row)]
    lines = [head, ["---"] * len(head), *([_one_line(cell) for cell in astuple(row)] for row in script)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _file(clause: Template, language: Language) -> str:
    return f"{language}/{clause.id}{f'.{{{clause.kind}}}' if clause.kind else ''}.wav"


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _one_line(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")
