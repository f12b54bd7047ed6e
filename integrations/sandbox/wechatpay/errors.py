"""WeChat Pay's error codes, as far as they are played."""

from __future__ import annotations

from typing import Any

# code -> HTTP status and WeChat's usual words
CODES = {
    "PARAM_ERROR": (400, "参数错误"),
    "INVALID_REQUEST": (400, "请求参数符合参数格式，但不符合业务规则"),
    "APPID_MCHID_NOT_MATCH": (400, "商户号和appid没有绑定关系"),
    "ORDERPAID": (400, "该订单已支付"),
    "ORDER_CLOSED": (400, "该订单已关闭"),
    "NO_STATEMENT_EXIST": (400, "账单文件不存在"),
    "STATEMENT_CREATING": (400, "账单生成中"),
    "SIGN_ERROR": (401, "签名错误"),
    "OUT_TRADE_NO_USED": (403, "商户订单号重复"),
    "NOT_ENOUGH": (403, "商户余额不足，请充值后重新发起退款"),
    "USER_ACCOUNT_ABNORMAL": (403, "用户账户异常或注销"),
    "NO_AUTH": (403, "商户无权限"),
    "RULE_LIMIT": (403, "业务规则限制"),
    "TRADE_ERROR": (403, "交易错误"),
    "ORDER_NOT_EXIST": (404, "订单不存在"),
    "RESOURCE_NOT_EXISTS": (404, "查询的资源不存在"),
    "FREQUENCY_LIMITED": (429, "频率超限"),
    "OPENID_MISMATCH": (500, "openid和appid不匹配"),
    "SYSTEM_ERROR": (500, "系统异常，请稍后重试"),
}


class PayError(Exception):
    """An answer {"code", "message"} with the code's HTTP status."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code = code
        self.status, usual = CODES.get(code, (400, code))
        self.message = message or usual
        super().__init__(f"{code} {self.message}")

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message}
