"""A PBX is well when it answers both ways, and lately."""

import asyncio

import pytest

from cti.ami.actions import AmiAction
from cti.ami.errors import ActionTimeoutError
from cti.ami.messages import Response
from cti.services.pulse import EVERY_S, Pulse
from tests.services.parts import HandClock, until


class PingedLink:
    def __init__(self) -> None:
        self.deaf = False
        self.answer = "Success"

    async def send(self, action: AmiAction, *, timeout_s: float) -> Response:
        if self.deaf:
            raise ActionTimeoutError(action.name, timeout_s)
        response = Response({"Response": self.answer})
        response.name = action.name
        return response


class Patient:
    """A PBX, and the pulse that is taken of it."""

    def __init__(self) -> None:
        self.link = PingedLink()
        self.clock = HandClock()
        self.sip_error: OSError | None = None
        self.slept: list[float] = []
        self.pulse = Pulse(self.link, self.ask_sip, monotonic=self.clock.monotonic, sleep=self.sleep)

    async def ask_sip(self, timeout_s: float) -> None:
        self.clock.second += 0.02
        if self.sip_error is not None:
            raise self.sip_error

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def look(self) -> None:
        self.pulse.beat = await self.pulse.look()


async def test_one_that_answers_both_ways_is_well() -> None:
    patient = Patient()
    assert not patient.pulse.well
    await patient.look()
    assert patient.pulse.well
    assert patient.pulse.beat is not None
    assert patient.pulse.beat.sip_ms == pytest.approx(20)


@pytest.mark.parametrize("fault", [TimeoutError(), ConnectionRefusedError()])
async def test_one_that_is_deaf_to_sip_is_not_well_though_its_ami_answers(fault: OSError) -> None:
    patient = Patient()
    patient.sip_error = fault
    await patient.look()
    assert patient.pulse.beat is not None
    assert (patient.pulse.well, patient.pulse.beat.sip_ms, patient.pulse.beat.ami_ms is None) == (False, None, False)


async def test_one_whose_ami_does_not_answer_is_not_well() -> None:
    patient = Patient()
    patient.link.deaf = True
    await patient.look()
    assert not patient.pulse.well
    patient.link.deaf, patient.link.answer = False, "Error"
    await patient.look()
    assert not patient.pulse.well


async def test_a_pulse_that_nobody_took_lately_is_none() -> None:
    patient = Patient()
    await patient.look()
    patient.clock.turn(60)
    assert not patient.pulse.well


async def test_one_that_is_ill_is_looked_at_more_often(caplog: pytest.LogCaptureFixture) -> None:
    patient = Patient()
    running = asyncio.create_task(patient.pulse.run())
    await until(lambda: len(patient.slept) > 1)
    patient.sip_error = TimeoutError()
    await until(lambda: patient.slept[-1] < EVERY_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert patient.slept[0] == EVERY_S
    assert "SIP None ms" in caplog.text
