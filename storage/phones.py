"""Telephone numbers as they come from the network, brought to E.164 so that two spellings are one number."""

from functools import lru_cache

import phonenumbers

_LONGEST_NUMBER = 32


@lru_cache(maxsize=4096)  # a call asks a dozen times for its caller's
def e164(number: str, region: str) -> str | None:
    """Return ``number`` as E.164 (``+8615400000001``), or None when withheld or not a number.

    ``region`` (ISO 3166) is where a number without a country code is at home. The number must be possible, not
    assigned: plans change more often than the library's tables.
    """
    text = number.strip()
    if not text or len(text) > _LONGEST_NUMBER or not text.isascii():
        return None
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
