"""What a flow may ask of us by name: the shape of a service, and of its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cti.domain.ids import AccountNumber, CallId
from ivr.ports import Value


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of the caller: ``keyed`` is only a claim, ``verified`` the account that a PIN has proved.

    ``number`` is what the network says, so anybody can claim it. ``notes`` are what services left for themselves
    earlier in this call.
    """

    keyed: Mapping[str, str] = field(repr=False)
    verified: AccountNumber | None = field(default=None, repr=False)
    number: str = field(default="", repr=False)
    call: CallId | None = None
    notes: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service found: the way on, values to say, words to branch by, and the account it proved.

    ``notes`` come back to services with the caller for the rest of the call; nobody else sees them.
    """

    way: str
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)
    words: Mapping[str, str] = field(default_factory=dict)
    verified: AccountNumber | None = field(default=None, repr=False)
    notes: Mapping[str, str] = field(default_factory=dict, repr=False)


class Service(Protocol):
    """One thing that a flow can look up.

    ``needs`` are the names it reads from what was keyed, ``ways`` how it can answer (besides ``unavailable``),
    ``gives`` the values to say by name with their kinds as the catalogue calls them, ``words`` those to branch by.
    ``proves`` are the ways after which it is proved who calls; what a ``personal`` one gives is for such a caller only.
    """

    @property
    def needs(self) -> frozenset[str]:
        """Names of digits."""

    @property
    def ways(self) -> frozenset[str]:
        """Ways on."""

    @property
    def gives(self) -> Mapping[str, str]:
        """Kinds of values by name."""

    @property
    def words(self) -> Mapping[str, frozenset[str]]:
        """Words by name."""

    @property
    def proves(self) -> frozenset[str]:
        """Ways on with a proved caller."""

    @property
    def personal(self) -> bool:
        """Whether its answers are about one customer."""

    async def __call__(self, caller: Caller) -> Answer:
        """Look it up. Raises ``BillingUnavailableError`` when there is no answer to be had."""
