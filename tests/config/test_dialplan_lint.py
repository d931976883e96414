"""The linter finds each thing that must not be shipped, and lets alone what may."""

from pathlib import Path

import pytest

from config.dialplan_lint import lint, main
from config.pbx_files import TEMPLATES

GOOD = """
[general]
static = yes

[globals]
QUEUE = water

#include other.conf

[hotline]
include => more
exten => 96000,1,Answer()   ; a comment
 same => n,Set(AGIEXITONHANGUP=yes)
 same => n,Set(TIMEOUT(absolute)=45)
 same => n,Set(CALLERID(num)=${FILTER(0-9,${CALLERID(num)})})
 same => n,AGI(agi://127.0.0.1:4573/hotline,${CHANNEL(linkedid)})
 same => n,Set(NEXT=${FILTER(a-z,${HYDROPHONE_QUEUE})})
 same => n,GotoIf($["${NEXT}" = ""]?queue)
 same => n(queue),Queue(${NEXT},b(offer^s^1),,,${IF($["${DIALSTATUS}" = "BUSY"]?60:120)})
 same => n,Dial(PJSIP/1001&PJSIP/1002,20,b(offer^s^1)m(tune))
 same => n,Hangup()
exten => T,1,Goto(hotline,96000,queue)
exten => 1001,hint,PJSIP/1001

[keys]
exten => s,1,Background(menu)
 same => n,WaitExten(5)
 same => n,Hangup()
exten => _1XXX,1,Hangup()
exten => t,1,Hangup()
exten => i,1,Hangup()
"""


def steps(*lines: str) -> str:
    """Return a context of one extension that does ``lines`` and hangs up."""
    return "\n".join(("[c]", f"exten => s,1,{lines[0]}", *(f" same => n,{line}" for line in lines[1:])))


def test_a_sound_dialplan_has_no_findings() -> None:
    assert lint(GOOD) == []


@pytest.mark.parametrize(
    ("rule", "line", "text"),
    [
        ("open-pattern", 2, "[c]\nexten => _X.,1,Hangup()"),
        ("open-pattern", 2, "[c]\nexten => _9!,1,Hangup()"),
        ("open-pattern", 2, "[c]\nexten => _X./1234,1,Hangup()"),
        ("shell", 2, steps("System(touch x)", "Hangup()")),
        ("shell", 3, steps("Answer()", "TRYSYSTEM(touch x)", "Hangup()")),
        ("shell", 2, steps("Set(X=${SHELL(date)})", "Hangup()")),
        ("shell", 2, steps("Set(X=${FILTER(0-9,${CURL(http://x/)})})", "Hangup()")),
        ("shell", 2, steps("Set(DB(a/b)=1)", "Hangup()")),
        ("shell", 2, steps("Set(X=${ODBC_LOOKUP(1)})", "Hangup()")),
        ("shell", 4, steps("Set(TIMEOUT(absolute)=9)", "Set(AGIEXITONHANGUP=yes)", "AGI(x.sh)", "Hangup()")
         + "\nexten => T,1,Hangup()"),
        ("shell", 2, steps("ExecIf($[1]?System(x))", "Hangup()")),
        ("shell", 2, steps("MixMonitor(x.wav)", "Hangup()")),
        ("unfiltered", 2, steps("Dial(PJSIP/${EXTEN},20)", "Hangup()")),
        ("unfiltered", 2, steps("Dial(PJSIP/${EXTEN:1},20)", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${CALLERID(name)})", "Hangup()")),
        ("unfiltered", 2, steps('GotoIf($["${CALLERID(num)}" = "1"]?2)', "Hangup()")),
        ("unfiltered", 2, steps("Set(X=${CALLERID(name)})", "Hangup()")),
        ("unfiltered", 3, steps("Set(X=${EXTEN})", "Playback(${X})", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${PJSIP_HEADER(read,X-Play)})", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${FILTER(${EXTEN},abc)})", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${${EXTEN}})", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${IF($[1]?${EXTEN}:x)})", "Hangup()")),
        ("unfiltered", 2, steps("Playback(${UNKNOWN})", "Hangup()")),
        ("keypad-power", 2, steps("Dial(PJSIP/1001,20,tT)", "Hangup()")),
        ("keypad-power", 2, steps("Queue(water,b(offer^s^1)H,,,60)", "Hangup()")),
        ("no-timeout-exten", 2, steps("Set(TIMEOUT(absolute)=45)", "Hangup()")),
        ("no-input-extens", 2, steps("WaitExten(5)", "Hangup()")),
        ("no-dead-mans-switch", 2, steps("AGI(agi://127.0.0.1/x)", "Hangup()")),
        ("unfinished", 2, steps("Answer()")),
        ("open-include", 1, "#exec /bin/x"),
        ("open-include", 2, "[c]\nswitch => Loopback/x@y"),
        ("syntax", 2, "[c]\nexten > s,1,Hangup()"),
        ("syntax", 2, steps("Playback(${CUT", "Hangup()")),
        ("syntax", 2, "[c]\n same => n,Hangup()"),
        ("syntax", 3, "[c]\nexten => s,1,Hangup()\nexten => s,2"),
    ],
)  # fmt: skip
def test_each_rule_finds_what_it_is_for_where_it_stands(rule: str, line: int, text: str) -> None:
    assert (line, rule) in [(finding.line, finding.rule) for finding in lint(text)]


def test_what_the_menu_sets_is_foreign_again_after_it_ran() -> None:
    text = steps(
        "Set(TIMEOUT(absolute)=45)",
        "Set(AGIEXITONHANGUP=yes)",
        "Set(X=${FILTER(0-9,${X})})",
        "AGI(agi://127.0.0.1/x)",
        "Playback(${X})",
        "Hangup()",
    )
    assert [(f.line, f.rule) for f in lint(text) if f.rule == "unfiltered"] == [(6, "unfiltered")]


def test_a_finding_reads_like_a_compilers() -> None:
    (finding,) = lint("[c]\nexten => _X.,1,Hangup()", "some.conf")
    assert str(finding) == "some.conf:2: open-pattern: _X. matches whatever is dialled; write one X per digit"


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*extensions.conf.j2")), ids=lambda path: path.name)
def test_the_dialplan_that_we_ship_has_no_findings(path: Path) -> None:
    assert lint(path.read_text(), path.name) == []


def test_the_command_prints_findings_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "extensions.conf"
    bad.write_text(steps("System(x)", "Hangup()"))
    assert main([str(bad)]) == 1
    assert f"{bad}:2: shell: " in capsys.readouterr().out
    bad.write_text(GOOD)
    assert main([str(bad)]) == 0
