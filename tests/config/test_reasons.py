"""A site's own reasons for being away can be told apart, from each other and from all else that pauses an agent."""

import pytest
from pydantic import ValidationError

from config.reasons import TAKEN, Reason
from config.settings import Settings

PRAYER = Reason(code="prayer", name_zh="祈祷", name_en="Prayer")


def test_a_site_has_none_unless_it_lists_some() -> None:
    assert Settings().reasons == ()
    assert Settings(reasons=(PRAYER,)).reasons == (PRAYER,)


@pytest.mark.parametrize("code", sorted(TAKEN))
def test_a_code_that_the_queue_would_take_for_something_else_is_refused(code: str) -> None:
    with pytest.raises(ValidationError, match="choose another code"):
        Reason(code=code, name_zh="x", name_en="x")


@pytest.mark.parametrize("code", ["", "Prayer", "a b", "x\r\nAction: Logoff", "祈祷", "a" * 33])
def test_a_code_is_one_plain_word(code: str) -> None:
    with pytest.raises(ValidationError):
        Reason(code=code, name_zh="x", name_en="x")


def test_two_reasons_of_one_code_are_refused() -> None:
    with pytest.raises(ValidationError, match="same code: prayer"):
        Settings(reasons=(PRAYER, Reason(code="prayer", name_zh="祷告", name_en="Prayers")))
