"""What callers left: who is to be called back, and what they said after the tone.

A caller's own voice is theirs like their number: an agent hears the messages on their own tickets and on those that
nobody has taken yet; every hearing is in the audit log.
"""

import base64
import logging

from agent_console.api.route import Asked
from agent_console.backend import Backend
from agent_console.errors import ForbiddenError, NotFoundError
from agent_console.views import Reader
from agent_console.wire_left import CallbackList, CallbackState, CallbackView, MessageList, MessageSound
from cti.domain.callbacks import Callback, CallbackId
from storage.call_tickets import ticket_id

audit = logging.getLogger("hydrophone.audit")


async def list_callbacks(backend: Backend, asked: Asked[None, None]) -> CallbackList:
    """Return who is to be called back."""
    reader = Reader.of(asked.who, backend.live.state)
    return CallbackList(items=[_view(one, backend, reader) for one in backend.stores.callbacks.pending])


def _view(callback: Callback, backend: Backend, reader: Reader) -> CallbackView:
    return CallbackView(
        id=callback.id,
        call_id=callback.call,
        ticket_id=ticket_id(callback.call),
        queue=callback.queue,
        number=reader.number(callback.number, callback.call),
        language=callback.language,
        place=backend.stores.callbacks.place_of(callback),
        state=CallbackState(callback.state.value),
        attempts=callback.attempts,
        attempts_of=backend.settings.callback.attempts,
        since=callback.place.since,
        asked_at=callback.asked_at,
        next_at=callback.next_at,
    )


async def cancel_callback(backend: Backend, asked: Asked[None, None]) -> None:
    """Call somebody back no more."""
    await backend.stores.callbacks.withdraw(CallbackId(asked.entity), by=asked.who.user)
    audit.info("callback %s cancelled by %s", asked.entity, asked.who.user)


async def list_messages(backend: Backend, asked: Asked[None, None]) -> MessageList:
    """Return what callers said on a ticket, without the sound."""
    return MessageList(items=list(await backend.stores.messages.of_ticket(asked.entity)))


async def hear_message(backend: Backend, asked: Asked[None, None]) -> MessageSound:
    """Return the sound of a message, for whoever may hear it."""
    found = await backend.stores.messages.sound(asked.entity)
    if found is None:
        raise NotFoundError
    sound, agent = found
    if not asked.who.sees_everything and agent not in (None, asked.who.user):
        audit.warning("%s asked for message %s and was refused", asked.who.user, asked.entity)
        raise ForbiddenError
    audit.info("message %s heard by %s", asked.entity, asked.who.user)
    return MessageSound(media_type="audio/wav", data=base64.b64encode(sound).decode())
