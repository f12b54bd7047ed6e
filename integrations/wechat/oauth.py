"""Who reads a page inside WeChat: 网页授权 with scope snsapi_base, which asks the patient nothing."""

from __future__ import annotations

import re
from urllib.parse import urlencode

# Also what WeChat for computers and 企业微信 call themselves.
_BROWSER = re.compile(r"\bMicroMessenger/", re.IGNORECASE)


def is_browser(user_agent: str) -> bool:
    return bool(_BROWSER.search(user_agent))


def address(*, base: str, appid: str, return_to: str, state: str) -> str:
    """Where the browser goes to say whose it is. WeChat wants the parameters in this order, and the fragment."""
    query = urlencode(
        {
            "appid": appid,
            "redirect_uri": return_to,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
    )
    return f"{base.rstrip('/')}/connect/oauth2/authorize?{query}#wechat_redirect"
