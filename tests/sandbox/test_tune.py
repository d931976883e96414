"""The tune that callers wait by."""

from pathlib import Path

import numpy as np

from cti.sandbox.tune import BAR_S, RATE_HZ, alaw, tune, ulaw, write_tune


def _from_ulaw(data: bytes) -> np.ndarray:
    code = ~np.frombuffer(data, np.uint8).astype(np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 132 << ((code >> 4) & 7)) - 132
    return np.where(code & 0x80, -size, size) / 32768


def _from_alaw(data: bytes) -> np.ndarray:
    code = np.frombuffer(data, np.uint8).astype(np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 0x0F
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size) / 32768


def test_both_encodings_give_the_tune_back() -> None:
    samples = tune()
    for decoded in (_from_ulaw(ulaw(samples)), _from_alaw(alaw(samples))):
        assert np.abs(decoded - samples).max() < 0.01
        assert np.corrcoef(decoded, samples)[0, 1] > 0.999


def test_every_sample_value_survives_within_the_step_of_its_segment() -> None:
    ramp = np.linspace(-0.99, 0.99, 60001)
    for decoded in (_from_ulaw(ulaw(ramp)), _from_alaw(alaw(ramp))):
        assert np.all(np.abs(decoded - ramp) <= np.abs(ramp) / 16 + 0.0005)


def test_it_is_soft_never_clips_and_starts_over_without_a_seam() -> None:
    samples = tune()
    assert len(samples) == 8 * BAR_S * RATE_HZ
    assert np.abs(samples).max() < 0.2
    step = np.abs(np.diff(samples)).max()
    assert abs(samples[0] - samples[-1]) <= step


def test_it_stays_in_the_telephone_band() -> None:
    spectrum = np.abs(np.fft.rfft(tune())) ** 2
    hertz = np.fft.rfftfreq(int(8 * BAR_S * RATE_HZ), 1 / RATE_HZ)
    assert spectrum[(hertz > 250) & (hertz < 3400)].sum() / spectrum.sum() > 0.99


def test_it_is_never_silent_for_long() -> None:
    windows = tune().reshape(-1, RATE_HZ)
    assert np.sqrt((windows**2).mean(axis=1)).min() > 0.005


def test_it_is_written_once(tmp_path: Path) -> None:
    write_tune(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    write_tune(tmp_path)
    assert before == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert before.keys() == {"hydrophone.alaw", "hydrophone.ulaw"}
