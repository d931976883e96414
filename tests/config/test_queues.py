"""Which queue a caller belongs into, by what they come about and what they speak."""

import pytest
from pydantic import ValidationError

from config.queues import queue_for, queues_of
from config.settings import Pbx, Queue, Settings

BILLING_ZH = Queue(name="billing-zh", name_zh="账单", name_en="Billing", subject="billing", language="zh")
BILLING = Queue(name="billing", name_zh="账单", name_en="Billing", subject="billing")
REPAIR_EN = Queue(name="repair-en", name_zh="报修", name_en="Repairs", subject="repair", language="en", wrap_up_s=60)


def site(*queues: Queue) -> Settings:
    return Settings(queues=queues)


def test_a_site_that_lists_none_has_the_one_queue_with_its_wrap_up() -> None:
    (only,) = queues_of(Settings(pbx=Pbx(queue="water", wrap_up_s=45)))
    assert (only.name, only.wrap_up_s, only.subject) == ("water", 45, None)
    assert queue_for(site(), "billing", "zh") == "water"


def test_the_usual_queue_is_first_and_may_be_described() -> None:
    water = Queue(name="water", name_zh="供水", name_en="Water", wrap_up_s=10)
    assert queues_of(site(BILLING, water)) == (water, BILLING)


@pytest.mark.parametrize(
    ("wish", "language", "queue"),
    [
        ("billing", "zh", "billing-zh"),
        ("billing", "en", "billing"),
        ("billing", None, "billing"),
        ("billing-zh", "en", "billing-zh"),
        ("repair", "en", "repair-en"),
        ("repair", "zh", "water"),
        ("leaks", "zh", "water"),
        (None, "zh", "water"),
        ("water", "zh", "water"),
    ],
)
def test_a_queue_of_the_subject_and_language_then_of_the_subject_then_the_usual_one(
    wish: str | None, language: str | None, queue: str
) -> None:
    assert queue_for(site(BILLING_ZH, BILLING, REPAIR_EN), wish, language) == queue


def test_a_queues_name_is_one_that_the_dialplan_takes() -> None:
    with pytest.raises(ValidationError):
        Queue(name="water,r", name_zh="x", name_en="x")
