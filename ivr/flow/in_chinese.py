"""What is wrong with a flow and what to do about it, in Chinese, for those who read the menu in the console.

Faults are told in English where they are found. Here stands each sentence once more: names, numbers and what is quoted
go over as they are. A sentence that is not here stays English, which is better than nothing; the tests know them all.
"""

import re
from itertools import chain, zip_longest
from typing import Final

_SENTENCES: Final = {
    # check.py
    "there is no step '{}'": "没有步骤“{}”",
    "Name a step of this flow": "请写本流程里的一个步骤",
    "'{}' does not lead to a person": "“{}”不通向人工",
    "Name a step with 'do: queue'": "请写一个带 do: queue 的步骤",
    "no way leads to '{}'": "没有一条路通向“{}”",
    "Lead a step here, or remove it": "请让某个步骤通向这里，或删除它",
    "the catalogue has no prompt '{}'": "话术目录里没有“{}”",
    "Add it there, name another, or write the sentence here with 'zh:' and 'en:'": (
        "请在目录里添加、改用别的话术，或在此用 zh: 和 en: 直接写出句子"
    ),
    "'{}' has no slot '{}'": "“{}”没有空位“{}”",
    "Remove it from 'values'": "请从 values 中删除",
    "Write numbers as words, and one {name:kind} at most between two commas": (
        "数字请写成文字，两个逗号之间最多一个 {名称:类型}"
    ),
    "'{}' needs a {} '{}' that nothing gives": "“{}”需要类型为 {} 的“{}”，但没有步骤给出",
    "Look it up or ask for it first, or name another value under 'values'": (
        "请先查询或询问，或在 values 下改用别的值"
    ),
    "Use one of: {}": "请用其中之一：{}",
    "there is no service '{}'": "没有服务“{}”",
    "'{}' needs '{}'": "“{}”需要“{}”",
    "Ask for it 'into: {}' first": "请先用 into: {} 询问",
    "'{}' is not handled": "“{}”没有处理",
    "Add '{}:' with the step it leads to": "请添加“{}:”及其通向的步骤",
    "'{}' never answers '{}'": "“{}”从不回答“{}”",
    "Remove it": "请删除",
    "'times' and 'afterwards' go together": "times 和 afterwards 必须成对",
    "Give both or none": "请两个都写，或都不写",
    "nothing gives a word '{}'": "没有步骤给出词“{}”",
    "'{}' is never '{}'": "“{}”从不是“{}”",
    "the settings have no target '{}'": "设置里没有转接目标“{}”",
    "Name it in the settings, under [pbx.targets]": "请在设置的 [pbx.targets] 下添加",
    "there is no flow '{}'": "没有流程“{}”",
    "Write it as {}.yaml beside this file": "请在本文件旁写成 {}.yaml",
    "'{}' never comes back": "“{}”从不返回",
    "Give it a step with 'do: return'": "请给它一个带 do: return 的步骤",
    "'{}' takes a {} '{}' that nothing gives": "“{}”要用类型为 {} 的“{}”，但没有步骤给出",
    "Look it up first": "请先查询",
    "'{}' needs the word '{}'": "“{}”需要词“{}”",
    "'{}' does not speak '{}'": "“{}”不会说“{}”",
    "Add the language there": "请在那里添加该语言",
    # lint.py
    "from '{}' no way leads to an end": "从“{}”出发，没有一条路走得到头",
    "Lead a way on to a step with 'do: hang_up' or 'do: queue'": "请让一条路通向带 do: hang_up 或 do: queue 的步骤",
    "a caller can't leave the circle {}": "来电者走不出这个圈：{}",
    "Put a menu into it, or limit a look-up's way with 'times' and 'afterwards'": (
        "请在圈里放一个菜单，或用 times 和 afterwards 限制查询的次数"
    ),
    "a caller for whom '{}' fails is hung up on": "“{}”失败时，来电者会被挂断",
    "Lead it to a person": "请让它通向人工",
    "'{}' records a caller who has not been told": "“{}”在没有告知来电者的情况下录音",
    "Add 'consent:' with a sentence that says that it is recorded, and what for": (
        "请添加 consent:，用一句话说明正在录音及其用途"
    ),
    "'{}' is none of this flow's languages": "“{}”不是本流程的语言",
    "Add it to 'languages' at the top, or choose another": "请加到顶部的 languages，或选别的语言",
    "Add a choice with 'language: {}', or remove it": "请添加一个带 language: {} 的选项，或删除该语言",
    "no caller gets to '{}'": "没有来电者能选到“{}”",
    "Write the words under '{}:'": "请在“{}:”下写出词句",
    "Write the words into the catalogue": "请在话术目录里写出词句",
    "this sentence says nothing in '{}'": "这一句没有“{}”的内容",
    "this sentence is not in '{}'": "这一句不是“{}”",
    "'{}' says nothing in '{}'": "“{}”没有“{}”的内容",
    "'{}' is not in '{}'": "“{}”不是“{}”",
    "this takes {} s in '{}' ({})": "这要说 {} 秒（“{}”，{}）",
    "Say it in {} s; nobody remembers more": "请在 {} 秒内说完；再长没有人记得住",
    "'{}' has {} choices": "“{}”有 {} 个选项",
    "Offer {} at most; the rest in a second menu": "最多 {} 个；其余放到第二层菜单",
    "'{}' is about one customer, and by {} nobody has proved to be one": (
        "“{}”涉及某一位客户，而走 {} 时还没有人证明自己的身份"
    ),
    "'{}' is for proved callers, and by {} nobody has proved who calls": (
        "“{}”只供已验证的来电者，而走 {} 时还没有人验证身份"
    ),
    "this tells the {} '{}', and by {} nobody has proved who calls": (
        "这里会说出类型为 {} 的“{}”，而走 {} 时还没有人验证身份"
    ),
    "'{}' tells the {} '{}', and by {} nobody has proved who calls": (
        "“{}”会说出类型为 {} 的“{}”，而走 {} 时还没有人验证身份"
    ),
    "Have the caller identified on every way here": "请让来电者在通向这里的每条路上都先验证身份",
    # loader.py
    "this is the flow '{}'": "这是流程“{}”",
    "Call it '{}', as its file is": "请按文件名称为“{}”",
    "a flow that calls itself: {}": "流程调用了自己：{}",
    "Lead back with 'do: return'": "请用 do: return 返回",
    "the file is too long": "文件太长",
    "Keep it under {} bytes": "请不超过 {} 字节",
    "an alias (*name)": "使用了别名（*name）",
    "Write the part out where it is used": "请在用到的地方完整写出",
    "not YAML: {}": "不是 YAML：{}",
    "Check indentation, colons and quotes here": "请检查此处的缩进、冒号和引号",
    "not YAML": "不是 YAML",
    "Remove characters that can't be printed": "请删除不可打印的字符",
    "not a flow": "不是流程",
    "Begin with 'flow: <name>'": "请以 flow: <名称> 开头",
    "'{}' stands here twice": "“{}”在这里写了两次",
    "Keep one; YAML would drop the other": "请只留一个；YAML 会丢掉另一个",
    "Remove it, or correct its spelling": "请删除，或改正拼写",
    "Add it": "请添加",
    "Add 'do:' with one of: {}": "请添加 do:，用其中之一：{}",
    "Use the characters that names of this sort have; 0 and * are never choices": (
        "请只用这类名称可用的字符；0 和 * 不能作选项"
    ),
    "Correct the value": "请改正这个值",
    "'{}': Field required": "缺少“{}”",
    "'{}': Extra inputs are not permitted": "不认识“{}”",
    "'{}': {}": "“{}”不对：{}",
}


def in_chinese(sentence: str) -> str:
    """Return what a fault or its advice says in Chinese, or the sentence itself if it is not known."""
    for pattern, chinese in _PATTERNS:
        if (found := pattern.fullmatch(sentence)) is not None:
            return "".join(chain.from_iterable(zip_longest(chinese.split("{}"), found.groups(), fillvalue="")))
    return sentence


def _pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL)


_PATTERNS: Final = [
    (_pattern(english), chinese)
    for english, chinese in sorted(_SENTENCES.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
]
"""The most words first: what else a sentence has is names."""
