"""What the live centre refuses, each with a stable id and a text in both languages.

::

    CentreError
    ├── NoSuchAgentError       nobody is enrolled under this name
    ├── NotInWrapUpError       there is no wrap-up to extend or to finish
    ├── NotRecordedError       neither the database nor the disk takes it
    ├── WrapUpTooLongError     wrap-up was extended as far as it may be
    └── CallbackOverError      there is nothing left to call back about, or it is being dialled

Texts never carry what a person typed.
"""

from typing import ClassVar


class CentreError(Exception):
    """Base of all refusals."""

    id: ClassVar[str] = "not_possible"
    zh: ClassVar[str] = "当前无法执行此操作。"
    en: ClassVar[str] = "This is not possible now."

    def __str__(self) -> str:
        return self.id


class NoSuchAgentError(CentreError):
    """Nobody is enrolled under this name."""

    id = "no_such_agent"
    zh = "没有此座席，或其未分配话机。请联系管理员。"
    en = "There is no such agent, or they have no phone. Ask an administrator."


class NotInWrapUpError(CentreError):
    """There is no wrap-up to extend or to finish."""

    id = "not_in_wrap_up"
    zh = "当前不在话后处理状态。"
    en = "There is no wrap-up going on."


class NotRecordedError(CentreError):
    """Neither the database nor the disk takes what would have to be kept."""

    id = "not_recorded"
    zh = "数据库不可用且磁盘已满，操作无法记录。请立即通知管理员；来电不受影响。"
    en = "The database is away and the disk is full, so this can't be recorded. Tell an administrator now; calls go on."


class WrapUpTooLongError(CentreError):
    """Wrap-up was extended as far as it may be."""

    id = "wrap_up_too_long"
    zh = "话后处理时间已达上限。请先完成，或选择其他状态。"
    en = "Wrap-up can't be extended any further. Finish it, or choose another presence."


class CallbackOverError(CentreError):
    """There is nothing left to call back about, or it is being dialled just now."""

    id = "callback_over"
    zh = "该回拨已结束或正在呼叫，无法取消。请刷新列表。"
    en = "This callback is over, or is being dialled just now. Refresh the list."
