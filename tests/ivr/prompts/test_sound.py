"""From an engine's sound to a clip on the line: levels, edges, codecs."""

import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from ivr.prompts import dsp, g711, voices
from ivr.prompts.errors import RenderError

RATE_HZ = 24_000


def _speechlike(seconds: float = 1.0, gain: float = 0.05) -> NDArray[np.float32]:
    """Return a buzz that swells twice, between half a second of nothing on both sides."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 9))
    sound = gain * buzz * np.sin(2 * np.pi * time / seconds) ** 2
    return np.pad(sound, RATE_HZ // 2).astype(np.float32)


def test_a_clip_has_the_houses_loudness_whole_frames_and_no_long_silence() -> None:
    clip = dsp.telephone_clip(_speechlike(), RATE_HZ)
    level = dsp.measure(clip)
    assert level.speech_dbfs == pytest.approx(dsp.LOUDNESS_DBFS, abs=0.2)
    assert level.peak_dbfs < -0.2
    assert level.lead_ms <= 40
    assert len(clip) % g711.FRAME == 0
    assert len(clip) < 1.1 * g711.RATE_HZ


def test_a_quiet_and_a_loud_voice_become_equally_loud() -> None:
    quiet, loud = (dsp.measure(dsp.telephone_clip(_speechlike(gain=gain), RATE_HZ)) for gain in (0.003, 0.3))
    assert quiet.speech_dbfs == pytest.approx(loud.speech_dbfs, abs=0.1)


def test_a_peak_is_never_clipped_for_the_sake_of_loudness() -> None:
    spiky = _speechlike(gain=0.01)
    spiky[len(spiky) // 2 - 2 : len(spiky) // 2 + 2] = 0.9
    assert dsp.measure(dsp.telephone_clip(spiky, RATE_HZ)).peak_dbfs < -0.1


def test_a_clip_begins_and_ends_in_silence() -> None:
    clip = dsp.telephone_clip(_speechlike(), RATE_HZ)
    assert abs(int(clip[0])) < 100
    assert abs(int(clip[-1])) < 100


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(RATE_HZ, np.float32),
        np.full(RATE_HZ, np.nan, np.float32),
        np.zeros(0, np.float32),
        _speechlike(0.05)[RATE_HZ // 2 : -RATE_HZ // 2],
        np.tile(_speechlike(), 15),
    ],
)
def test_silence_and_nonsense_are_no_clip(sound: NDArray[np.float32]) -> None:
    with pytest.raises(RenderError):
        dsp.telephone_clip(sound, RATE_HZ)


def test_the_clips_name_knows_the_version_of_the_sound_chain() -> None:
    assert voices.DSP_VERSION == dsp.VERSION


@pytest.mark.parametrize(
    ("subtype", "encode", "decode"),
    [("ULAW", g711.to_ulaw, g711.from_ulaw), ("ALAW", g711.to_alaw, g711.from_alaw)],
)
def test_g711_is_what_another_library_makes_of_it(subtype: str, encode, decode) -> None:  # type: ignore[no-untyped-def]
    every = bytes(range(256))
    theirs, _ = soundfile.read(
        io.BytesIO(every), dtype="int16", samplerate=8000, channels=1, format="RAW", subtype=subtype
    )
    np.testing.assert_array_equal(decode(every), theirs)
    samples = np.arange(-32768, 32768).astype(np.int16)
    ours = decode(encode(samples)).astype(np.int32)
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="RAW", subtype=subtype)
    peer = decode(file.getvalue()).astype(np.int32)
    assert (np.abs(ours - samples) <= np.abs(peer - samples)).all()


def test_silence_is_the_codecs_own_silence() -> None:
    nothing = np.zeros(3, np.int16)
    assert g711.to_ulaw(nothing) == 3 * g711.ULAW_SILENCE
    assert g711.to_alaw(nothing) == 3 * g711.ALAW_SILENCE
