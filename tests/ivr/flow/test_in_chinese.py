"""Whatever the linter says, it says in Chinese, too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.flow import check, lint, loader
from ivr.flow.in_chinese import in_chinese

HAN = re.compile(r"[\u4e00-\u9fff]")
MODULES = (check, lint, loader)
NAME = "'Ω'"
"""As the linter quotes names."""


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield what is handed to a Problem or Fault, or called ``what`` or ``advice``; a name stands for each value."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Problem"), args=[_, what, advice]):
                yield from (*texts(what), *texts(advice))
            case ast.Call(func=ast.Name(id="Fault"), args=[_, _, what, advice]):
                yield from (*texts(what), *texts(advice))
            case ast.Assign(targets=[ast.Name(id="what" | "advice")], value=value):
                yield from texts(value)
            case ast.Assign(targets=[ast.Name(id="ADVICE")], value=ast.Dict(values=values)):
                for value in values:
                    yield from texts(value)


def texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else NAME for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from (*texts(one), *texts(other))
        case ast.BinOp(left=ast.Constant(value=str(text))):
            yield text + NAME


SAID = sorted({text for module in MODULES for text in sentences(ast.parse(Path(module.__file__ or "").read_text()))})


@pytest.mark.parametrize("sentence", SAID)
def test_each_sentence_of_the_linter_is_known_in_chinese(sentence: str) -> None:
    chinese = in_chinese(sentence)
    assert HAN.search(chinese)
    assert chinese.count("Ω") == sentence.count("Ω")


def test_names_and_numbers_go_over_as_they_are() -> None:
    said = in_chinese("'ask' tells the money 'amount', and by language → ask nobody has proved who calls")
    assert said == "“ask”会说出类型为 money 的“amount”，而走 language → ask 时还没有人验证身份"
    assert in_chinese("this takes 24 s in 'zh' (measured)") == "这要说 24 秒（“zh”，measured）"


def test_what_is_not_known_stays_as_it_is() -> None:
    assert in_chinese("the moon is full") == "the moon is full"
