"""What the live centre refuses, each with a stable id and a text in both languages.

::

    CentreError
    ├── NoSuchAgentError       nobody is enrolled under this name
    ├── NotInWrapUpError       there is no wrap-up to extend or to finish
    ├── NotRecordedError       neither the database nor the disk takes it
    ├── WrapUpTooLongError     wrap-up was extended as far as it may be
    ├── NotWithCallerError     the agent has no caller with whom that can be done now
    ├── NoSuchTargetError      there is no such queue or colleague to send a caller to
    ├── ColleagueBusyError     the colleague is away or in a call
    ├── CallMovedOnError       the call was over, or elsewhere, before the PBX could do it
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


class NoSuchReasonError(CentreError):
    """The site has no such reason, or a reason was given for another presence than *away*."""

    id = "no_such_reason"
    zh = "没有此离开原因，或所选状态不需要原因。请重新打开状态列表。"
    en = "There is no such reason, or this presence takes none. Open the list again."


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


class NotWithCallerError(CentreError):
    """The agent has no caller with whom that can be done now."""

    id = "not_with_caller"
    zh = "当前通话状态下无法执行此操作。请确认您正在与来电人通话，或同事已接听。"
    en = "That can't be done with your call now. You must be with the caller, or your colleague must have answered."


class NoSuchTargetError(CentreError):
    """There is no such queue or colleague to send a caller to."""

    id = "no_such_target"
    zh = "没有此队列或同事。请重新打开转接列表。"
    en = "There is no such queue or colleague. Open the list again."


class ColleagueBusyError(CentreError):
    """The colleague is away or in a call."""

    id = "colleague_busy"
    zh = "该同事不在或正在通话。请选择其他同事或队列。"
    en = "Your colleague is away or in a call. Choose another one, or a queue."


class CallMovedOnError(CentreError):
    """The call was over, or elsewhere, before the PBX could do it; or the PBX could not be asked."""

    id = "call_moved_on"
    zh = "通话已变化或电话系统没有响应，操作未执行。请查看通话状态后重试。"
    en = "The call has changed, or the PBX did not answer; nothing was done. Look at your call and try again."


class CallbackOverError(CentreError):
    """There is nothing left to call back about, or it is being dialled just now."""

    id = "callback_over"
    zh = "该回拨已结束或正在呼叫，无法取消。请刷新列表。"
    en = "This callback is over, or is being dialled just now. Refresh the list."
