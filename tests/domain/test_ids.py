"""Phones of several PBXs, and the ids of calls."""

import pytest

from cti.domain.ids import Extension, LinkedId, PbxName, call_id, extension_at, number_of, pbx_of

EAST = PbxName("east")


@pytest.mark.parametrize(("pbx", "extension"), [(None, "1001"), (EAST, "1001@east")])
def test_a_phone_is_told_apart_by_its_pbx_and_keeps_its_number(pbx: PbxName | None, extension: str) -> None:
    phone = extension_at("1001", pbx)
    assert phone == Extension(extension)
    assert (number_of(phone), pbx_of(phone)) == ("1001", pbx)


def test_a_call_has_one_id_for_each_pbx_start_and_linkedid() -> None:
    of = LinkedId("1795000001.7")
    assert call_id(EAST, 5, of) == call_id(EAST, 5, of)
    assert len({call_id(EAST, 5, of), call_id(EAST, 6, of), call_id(PbxName("main"), 5, of)}) == 3
