"""Alipay's errors: a business code in sub_code, its family in code."""

from __future__ import annotations

WORDS = {
    "isv.invalid-signature": "验签出错，请确认各参数值使用了charset参数指示的字符集编码",
    "isv.invalid-app-id": "无效的AppID参数",
    "isv.invalid-method": "不存在的方法名",
    "isv.missing-method": "缺少方法名参数",
    "isv.invalid-signature-type": "无效的签名类型",
    "isv.invalid-timestamp": "非法的时间戳参数",
    "isv.invalid-parameter": "参数无效",
    "isv.missing-parameter": "缺少参数",
    "isp.bill_not_exist": "账单不存在",
    "isp.unknow-error": "系统繁忙",
    "ACQ.SYSTEM_ERROR": "系统错误",
    "ACQ.INVALID_PARAMETER": "参数无效",
    "ACQ.TRADE_NOT_EXIST": "交易不存在",
    "ACQ.TRADE_HAS_SUCCESS": "交易已被支付",
    "ACQ.TRADE_HAS_CLOSE": "交易已经关闭",
    "ACQ.TRADE_HAS_FINISHED": "交易已完结",
    "ACQ.TRADE_STATUS_ERROR": "交易状态不合法",
    "ACQ.REASON_TRADE_STATUS_INVALID": "交易状态不合法",
    "ACQ.CONTEXT_INCONSISTENT": "交易信息被篡改",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "请求信息不一致",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "卖家余额不足",
}


class AlipayError(Exception):
    def __init__(self, sub_code: str, message: str = "") -> None:
        self.sub_code = sub_code
        self.message = message or WORDS.get(sub_code, sub_code)
        super().__init__(f"{sub_code} {self.message}")

    def as_json(self) -> dict[str, str]:
        return {**self._family(), "sub_code": self.sub_code, "sub_msg": self.message}

    def _family(self) -> dict[str, str]:
        if self.sub_code == "isp.bill_not_exist" or not self.sub_code.startswith(("isv.", "isp.")):
            return {"code": "40004", "msg": "Business Failed"}
        if self.sub_code.startswith("isp."):
            return {"code": "20000", "msg": "Service Currently Unavailable"}
        if self.sub_code.startswith("isv.missing"):
            return {"code": "40001", "msg": "Missing Required Arguments"}
        return {"code": "40002", "msg": "Invalid Arguments"}
