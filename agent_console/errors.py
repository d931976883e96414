"""What a request can be refused for: a stable id, a status, and a text in both languages that says what to do.

ConsoleError
├── NotLoggedInError        401
├── WrongPasswordError      401
├── ForbiddenError          403
├── ForeignOriginError      403
├── NotFoundError           404
├── WrongMethodError        405
├── ConflictError           409
│   ├── VersionConflictError
│   ├── FlowChangedError
│   ├── IllegalStatusError
│   ├── NotPossibleNowError
│   └── ReplayOnlyError
├── TooLargeError           413
├── NotJsonError            415
├── InvalidError            422, names the fields
│   └── FlowFaultyError     names file and line
├── TooManyTriesError       429
├── InternalError           500
├── UnavailableError        503
└── TooSlowError            408

No text ever repeats what was sent: numbers, names and passwords stay out of errors.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar

from agent_console.wire import ErrorBody


class ConsoleError(Exception):
    """Base of all refusals. A class is one kind; ``fields`` and ``retry_after_s`` belong to one case."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    id: ClassVar[str] = "bad_request"
    zh: ClassVar[str] = "请求无效。请检查后重试。"
    en: ClassVar[str] = "The request is not valid. Check it and try again."

    def __init__(self, *, fields: Mapping[str, str] | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(self.id)
        self.fields = dict(fields or {})
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.id} ({int(self.status)})"

    @property
    def body(self) -> ErrorBody:
        """The refusal as it goes over the wire."""
        return ErrorBody(id=self.id, zh=self.zh, en=self.en, fields=self.fields)


class NotLoggedInError(ConsoleError):
    """There is no session, or it is over."""

    status = HTTPStatus.UNAUTHORIZED
    id = "not_logged_in"
    zh = "尚未登录或登录已过期。请重新登录。"
    en = "You are not logged in, or your session is over. Log in again."


class WrongPasswordError(ConsoleError):
    """User and password don't fit; the same answer for an unknown user."""

    status = HTTPStatus.UNAUTHORIZED
    id = "wrong_password"
    zh = "用户名或密码不正确。请检查后重试。"
    en = "User name or password is wrong. Check both and try again."


class ForbiddenError(ConsoleError):
    """The role, or somebody else's property."""

    status = HTTPStatus.FORBIDDEN
    id = "forbidden"
    zh = "您没有权限查看或执行此操作。如有需要，请联系班长。"
    en = "You may not see or do this. If you need it, ask your supervisor."


class ForeignOriginError(ConsoleError):
    """A changing request with a cookie from a page that isn't ours."""

    status = HTTPStatus.FORBIDDEN
    id = "foreign_origin"
    zh = "请求来自其他网站，已拒绝。请从坐席台页面操作；脚本请使用令牌。"
    en = "This request came from another site. Use the console's own page; scripts use a bearer token."


class NotFoundError(ConsoleError):
    """There is no such thing or page."""

    status = HTTPStatus.NOT_FOUND
    id = "not_found"
    zh = "没有找到。它可能已不存在；请返回列表刷新。"
    en = "Not found. It may be gone; go back to the list and refresh."


class WrongMethodError(ConsoleError):
    """The path exists, the method doesn't."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    id = "wrong_method"
    zh = "此地址不支持该请求方法。请查看 /api/openapi.json。"
    en = "This address does not take that method. See /api/openapi.json."


class ConflictError(ConsoleError):
    """Something else happened first."""

    status = HTTPStatus.CONFLICT
    id = "conflict"
    zh = "情况已变化。请刷新后重试。"
    en = "Something changed meanwhile. Refresh and try again."


class VersionConflictError(ConflictError):
    """Somebody else changed the ticket since it was read."""

    id = "ticket_changed"
    zh = "此工单刚被他人修改，您的修改尚未保存。请重新打开工单，核对后再保存。"
    en = "Somebody changed this ticket after you opened it; your change is not saved. Reopen it, check, save again."


class FlowChangedError(ConflictError):
    """Somebody else published the phone menu since it was read."""

    id = "flow_changed"
    zh = "此语音菜单刚被他人发布了新版本，您的修改尚未发布。请重新打开，核对后再发布。"
    en = "Somebody published this phone menu after you opened it; yours is not published. Reopen it, publish again."


class IllegalStatusError(ConflictError):
    """A ticket can't go from its status to that one."""

    id = "illegal_status"
    zh = "工单当前状态不能改为所选状态。请刷新后选择其他状态。"
    en = "The ticket can't go from its status to the chosen one. Refresh and choose another."


class NotPossibleNowError(ConflictError):
    """The call centre refuses the order in its present state; ``said`` is how it puts it."""

    said: Mapping[str, str] = MappingProxyType({})

    id = "not_possible_now"
    zh = "当前状态下无法执行此操作。请查看您的当前状态后重试。"
    en = "That is not possible in your present state. Look at your state and try again."

    @classmethod
    def saying(cls, refusal: Exception) -> "NotPossibleNowError":
        """Return it with the live centre's own id and texts, where its refusal has them."""
        error = cls()
        error.said = {name: getattr(refusal, name, getattr(cls, name)) for name in ("id", "zh", "en")}
        return error

    @property
    def body(self) -> ErrorBody:
        """The refusal as it goes over the wire."""
        return ErrorBody(**(super().body.model_dump() | dict(self.said)))


class ReplayOnlyError(ConflictError):
    """What is shown is the past; it can't be changed."""

    id = "replay"
    zh = "这是历史回放，不能更改任何内容。请在正式页面操作。"
    en = "This is a replay of the past: nothing can be changed here. Use the live console."


class TooLargeError(ConsoleError):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    id = "too_large"
    zh = "内容过长（上限 64 KB）。请缩短后重试。"
    en = "Too much content (the limit is 64 KB). Shorten it and try again."


class NotJsonError(ConsoleError):
    """The body is not JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    id = "not_json"
    zh = "请求内容必须为 JSON，并注明 Content-Type: application/json。"
    en = "The body must be JSON, sent with Content-Type: application/json."


class InvalidError(ConsoleError):
    """Fields are missing, unknown or out of range; ``fields`` says which, never with what was sent."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    id = "invalid"
    zh = "部分内容填写有误。请按 fields 中的提示修改后重试。"
    en = "Some fields are not valid. Correct those named in fields and try again."


class FlowFaultyError(InvalidError):
    """The linter does not pass the phone menu; ``fields`` says what is wrong, by file and line."""

    id = "flow_faulty"
    zh = "语音菜单未通过检查，尚未发布。请按 fields 中的行号修改后重试。"
    en = "The phone menu does not pass the check and is not published. Correct the lines named in fields, try again."


class TooManyTriesError(ConsoleError):
    """Too many logins or requests."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    id = "too_many_tries"
    zh = "尝试次数过多。请稍候再试。"
    en = "Too many tries. Wait a little, then try again."


class TooSlowError(ConsoleError):
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    id = "too_slow"
    zh = "请求传输超时。请检查网络后重试。"
    en = "The request took too long to arrive. Check your network and try again."


class InternalError(ConsoleError):
    """Our fault; the log has it."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    id = "internal"
    zh = "系统内部出错，已记录。请重试；如再次出现，请告知管理员。"
    en = "Something went wrong on our side and is in the log. Try again; if it happens again, tell an administrator."


class UnavailableError(ConsoleError):
    """The database can't be reached; calls go on without it."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    id = "database_unavailable"
    zh = "数据库暂时无法访问，通话不受影响。请保留已填内容，稍后再保存。"
    en = "The database can't be reached; calls are not affected. Keep what you typed and save again in a moment."
