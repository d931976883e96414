"""The queues of a site: the one that is always there, those that it lists, and which of them a caller belongs into."""

from config.settings import Queue, Settings


def queues_of(settings: Settings) -> tuple[Queue, ...]:
    """Return every queue, first the one that takes whoever has no other."""
    pbx = settings.pbx
    listed = {queue.name: queue for queue in settings.queues}
    usual = Queue(name=pbx.queue, name_zh="综合服务", name_en="General", wrap_up_s=pbx.wrap_up_s)
    return (listed.pop(pbx.queue, usual), *listed.values())


def queue_for(settings: Settings, wish: str | None, language: str | None) -> str:
    """Return the name of the queue for a caller who speaks ``language`` and comes about ``wish``.

    ``wish`` is a subject, or else a queue's own name. Among the queues of a subject the one of the caller's language
    comes first, then one for all languages; without either it is the usual queue.
    """
    usual, *others = queues_of(settings)
    if wish is None:
        return usual.name
    of_subject = [queue for queue in others if queue.subject == wish]
    for spoken in (language, None):
        for queue in of_subject:
            if queue.language == spoken:
                return queue.name
    return next((queue.name for queue in others if queue.name == wish), usual.name)
