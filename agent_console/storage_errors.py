"""What storage and the phone menus raise, turned into what a request is answered with."""

from collections.abc import Iterator
from contextlib import contextmanager

from agent_console.errors import (
    ConflictError,
    FlowChangedError,
    FlowFaultyError,
    IllegalStatusError,
    InvalidError,
    NotFoundError,
    VersionConflictError,
)
from agent_console.ports import StoreUnavailableError
from ivr.flow.errors import FlowFaultsError
from storage import errors as kept_errors


@contextmanager
def as_ours() -> Iterator[None]:
    """Run what asks storage; its refusals come out as a ``ConsoleError``, or as a ``StoreUnavailableError``."""
    try:
        yield
    except kept_errors.StorageUnavailableError as error:
        raise StoreUnavailableError from error
    except kept_errors.NotFoundError as error:
        raise NotFoundError from error
    except kept_errors.BadCursorError as error:
        raise InvalidError(fields={"cursor": "unknown"}) from error
    except kept_errors.VersionConflictError as error:
        raise VersionConflictError from error
    except kept_errors.IllegalStatusError as error:
        raise IllegalStatusError from error
    except kept_errors.FlowChangedError as error:
        raise FlowChangedError from error
    except kept_errors.RefusedError as error:
        raise ConflictError from error
    except FlowFaultsError as error:
        fields = {f"{fault.file}:{fault.line}": f"{fault.what}. {fault.advice}." for fault in error.faults}
        raise FlowFaultyError(fields=fields) from error
