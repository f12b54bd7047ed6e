"""What the interfaces take, with WeChat Pay's limits for every field."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StrictInt, TypeAdapter, ValidationError, field_validator

from integrations.sandbox.wechatpay.errors import PayError

NUMBER = r"^[0-9A-Za-z_\-|*]{6,32}$"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
Fen = Annotated[StrictInt, Field(ge=1, le=1_000_000_000)]
Address = Annotated[str, Field(max_length=255, pattern=r"^https?://[^\s?#]+$")]  # without a query


class Amount(BaseModel):
    total: Fen
    currency: str = Field("CNY", pattern="^CNY$")


class Payer(BaseModel):
    openid: str = Field(min_length=1, max_length=128)


class H5Info(BaseModel):
    type: str = Field(min_length=1, max_length=32)


class SceneInfo(BaseModel):
    payer_client_ip: str = Field(min_length=2, max_length=45)
    h5_info: H5Info | None = None


class Order(BaseModel):
    """`/v3/pay/transactions/…`"""

    appid: str = Field(min_length=1, max_length=32)
    mchid: str = Field(min_length=1, max_length=32)
    description: str = Field(min_length=1, max_length=127)
    out_trade_no: str = Field(pattern=NUMBER)
    notify_url: Address
    amount: Amount
    time_expire: AwareDatetime | None = None
    attach: str = Field("", max_length=128)
    payer: Payer | None = None
    scene_info: SceneInfo | None = None

    @field_validator("time_expire", mode="before")
    @classmethod
    def rfc3339(cls, value: object) -> object:
        if value is not None and not (isinstance(value, str) and RFC3339.fullmatch(value)):
            raise ValueError("字符串必须是符合 RFC3339 日期时间格式")
        return value


class JsapiOrder(Order):
    payer: Payer


class H5SceneInfo(SceneInfo):
    h5_info: H5Info


class H5Order(Order):
    scene_info: H5SceneInfo


class Close(BaseModel):
    mchid: str = Field(min_length=1, max_length=32)


class RefundAmount(BaseModel):
    refund: Fen
    total: Fen
    currency: str = Field(pattern="^CNY$")


class RefundOrder(BaseModel):
    transaction_id: str = Field("", max_length=32)
    out_trade_no: str = Field("", max_length=32)
    out_refund_no: str = Field(pattern=r"^[0-9A-Za-z_\-|*@]{1,64}$")
    reason: str = Field("", max_length=80)
    notify_url: Address | None = None
    amount: RefundAmount


def read[T: BaseModel](kind: type[T], body: bytes) -> T:
    """Raises PayError PARAM_ERROR, naming the first field that does not fit."""
    try:
        return TypeAdapter(kind).validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = "/".join(str(part) for part in first["loc"])
        raise PayError("PARAM_ERROR", f"输入源“/body/{place}”校验失败：{first['msg']}") from error


def local(moment: datetime) -> str:
    """As WeChat Pay writes a time: 2018-06-08T10:34:56+08:00."""
    return moment.isoformat(timespec="seconds")
