"""The yes to 确定取消吗 in the question's own words: 取消吧; 对，不要了; "yes, cancel it". Elsewhere 取消 breaks off
what is going on, and 不要了 is a no.

A pure function over the whole message. A no (先不取消), a doubt (取消了能退钱吗) and a new request (我要取消预约) are
no yes.
"""

from __future__ import annotations

import re

from integrations.language.script import normalise

_EDGES = " \t\r\n，。,.!！~～、；;…"
_YES = (
    r"(?:是(?:的|啊|呀)?|对(?:的|啊|呀|头)?|嗯|好(?:的|吧|啊|呀)?|行(?:吧|啊)?|可以的?|没错|确认|确定"
    r"|yes|yeah|yep|yup|sure|ok(?:ay)?|right|correct)[，,。. ]*"
)
_THEN = r"(?:那|就|请|麻烦|帮我|给我|替我|我要|我想|我们?|都|直接|还是|please|i want to|just)\s*"
_END = r"(?:取消|退(?:号|款|钱)?|撤(?:回|销|诉)?|解绑|cancel|withdraw|unlink)"
_GONE = r"(?:不(?:去|来|看|挂|要|需要|投诉|告)了|[去来]不了(?:了)?|没(?:时间|空|法)(?:去|来)?)"
_REST = r"(?:掉|了|吧|啊|呀|啦|哈|它|这个(?:号|预约)?|预约|号|药|it|that|this|please|now|谢谢|thanks|[，, ])*"
_AGREES = re.compile(
    rf"(?:{_YES})+(?:{_THEN})*(?:{_END}|{_GONE}){_REST}"
    r"|(?:那|就|还是|please )*(?:取消|退掉|退了|撤回|撤销|解绑|cancel)(?:掉|了|吧|啊|呀|啦|哈| it| that| please)*"
    r"|不(?:去|来|看|投诉|告)了(?:吧|啊|呀|啦)?",
    re.IGNORECASE,
)


def gives_up(text: str) -> bool:
    """Whether a message, said to the question whether to cancel, says that it is to be done."""
    return _AGREES.fullmatch(normalise(text).strip(_EDGES)) is not None
