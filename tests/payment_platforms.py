"""WeChat Pay and Alipay as far as their protocols go: real keys, real signatures, answers that a test writes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import secrets
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from integrations.settings import Settings

APPID, MCHID, APIV3_KEY = "wx2c2769f8efd9abc2", "1900000001", "0123456789abcdef0123456789abcdef"
KEY_ID = "PUB_KEY_ID_0119000000012026112200000001"
APP_ID, SELLER = "2026000000000001", "2088000000000001"
BASE = "http://pay.test"
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)

Answer = tuple[int, Any] | Exception
Script = Callable[[httpx.Request], Answer]


@cache
def key(name: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def private(name: str) -> str:
    der = key(name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


def public(name: str) -> str:
    der = key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def sign(name: str, text: bytes) -> str:
    return base64.b64encode(key(name).sign(text, PKCS1v15(), SHA256())).decode()


def settings(*, certificates: bool = False, **more: Any) -> Settings:
    keys = (
        {} if certificates else {"wechatpay_public_key_id": KEY_ID, "wechatpay_public_key": public("tenpay")}
    )
    values = {
        "public_url": "https://hospital.test",
        "wechat_appid": APPID,
        "wechatpay_api_base": f"{BASE}/wechatpay",
        "wechatpay_mchid": MCHID,
        "wechatpay_serial_no": "5A01",
        "wechatpay_private_key": private("merchant"),
        "wechatpay_apiv3_key": APIV3_KEY,
        "alipay_api_base": f"{BASE}/alipay/gateway.do",
        "alipay_app_id": APP_ID,
        "alipay_seller_id": SELLER,
        "alipay_private_key": private("application"),
        "alipay_public_key": public("alipay"),
    }
    return Settings(**{**values, **keys, **more}, _env_file=None)


class Played:
    """Requests in the order they came; `script` answers them, after the caller's signature was checked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.script: Script = lambda request: (500, {})
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._take))

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.url.path}" for one in self.requests]

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.script(request)
        if isinstance(answer, Exception):
            raise answer
        return self.answer(request, *answer)

    def answer(self, request: httpx.Request, status: int, said: Any) -> httpx.Response:
        raise NotImplementedError


class PlayedWeChatPay(Played):
    def __init__(self, now: Callable[[], datetime] = lambda: NOW, *, certificates: bool = False) -> None:
        super().__init__()
        self.now = now
        self.serial, self.signer = (f"{_certificate().serial_number:X}", "platform") if certificates else (
            KEY_ID, "tenpay",
        )  # fmt: skip
        self.headers: Callable[[dict[str, str]], dict[str, str]] = lambda headers: headers

    def answer(self, request: httpx.Request, status: int, said: Any) -> httpx.Response:
        self._check(request)
        body = said if isinstance(said, bytes) else json.dumps(said).encode() if said is not None else b""
        return httpx.Response(status, headers=self.headers(self.signed(body)), content=body)

    def _check(self, request: httpx.Request) -> None:
        parts = dict(re.findall(r'(\w+)="([^"]*)"', request.headers["authorization"]))
        target = request.url.raw_path.decode().removeprefix("/wechatpay")
        text = f"{request.method}\n{target}\n{parts['timestamp']}\n{parts['nonce_str']}\n".encode()
        signature = base64.b64decode(parts["signature"])
        key("merchant").public_key().verify(signature, text + request.content + b"\n", PKCS1v15(), SHA256())
        assert (parts["mchid"], parts["serial_no"]) == (MCHID, "5A01")

    def signed(self, body: bytes, at: datetime | None = None) -> dict[str, str]:
        stamp, nonce = str(int((at or self.now()).timestamp())), secrets.token_hex(8)
        return {
            "wechatpay-serial": self.serial,
            "wechatpay-timestamp": stamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": sign(self.signer, f"{stamp}\n{nonce}\n".encode() + body + b"\n"),
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        }

    def notice(
        self, resource: Mapping[str, Any], event: str = "TRANSACTION.SUCCESS", at: datetime | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body, as WeChat Pay brings them."""
        sealed = seal(json.dumps(resource).encode(), "transaction")
        notice = {"id": secrets.token_hex(8), "event_type": event, "resource_type": "encrypt-resource"}
        body = json.dumps(notice | {"resource": sealed}).encode()
        return self.signed(body, at), body

    @staticmethod
    def certificates() -> dict[str, Any]:
        one = _certificate()
        pem = one.public_bytes(Encoding.PEM)
        times = {
            "effective_time": one.not_valid_before_utc.isoformat(),
            "expire_time": one.not_valid_after_utc.isoformat(),
        }
        serial = f"{one.serial_number:X}"
        return {"data": [{"serial_no": serial, **times, "encrypt_certificate": seal(pem, "certificate")}]}


class PlayedAlipay(Played):
    def answer(self, request: httpx.Request, status: int, said: Any) -> httpx.Response:
        if isinstance(said, bytes):
            return httpx.Response(status, content=said)
        asked = self.asked(request)
        name = asked["method"].replace(".", "_") + "_response"
        content = json.dumps(said, ensure_ascii=False)
        signature = sign("alipay", content.encode())
        return httpx.Response(status, text=f'{{"{name}":{content},"sign":"{signature}"}}')

    @staticmethod
    def asked(request: httpx.Request) -> dict[str, str]:
        """All parameters, their signature checked."""
        told = dict(request.url.params) | dict(parse_qsl(request.content.decode()))
        signature = base64.b64decode(told.pop("sign"))
        text = "&".join(f"{name}={value}" for name, value in sorted(told.items()))
        key("application").public_key().verify(signature, text.encode(), PKCS1v15(), SHA256())
        return told

    @staticmethod
    def notice(said: Mapping[str, str], **more: str) -> bytes:
        """The body of a notice. `more` is not signed."""
        common = {"app_id": APP_ID, "seller_id": SELLER, "charset": "utf-8", "version": "1.0"}
        told = common | dict(said)
        text = "&".join(f"{name}={value}" for name, value in sorted(told.items()))
        signed = told | {"sign_type": "RSA2", "sign": sign("alipay", text.encode())} | more
        return urlencode(signed).encode()


def paid(out_trade_no: str, amount_fen: int = 3500, **more: Any) -> dict[str, Any]:
    """A payment as WeChat Pay tells of it."""
    return {
        "appid": APPID,
        "mchid": MCHID,
        "out_trade_no": out_trade_no,
        "transaction_id": f"4200{out_trade_no[-28:]}",
        "trade_state": "SUCCESS",
        "success_time": "2026-11-22T09:00:00+08:00",
        "payer": {"openid": "oPatient"},
        "amount": {"total": amount_fen, "payer_total": amount_fen, "currency": "CNY"},
    } | more


def refunded(out_refund_no: str, amount_fen: int = 3500, **more: Any) -> dict[str, Any]:
    """A refund as WeChat Pay answers."""
    return {
        "refund_id": f"5030{out_refund_no}"[:32],
        "out_refund_no": out_refund_no,
        "status": "SUCCESS",
        "amount": {"refund": amount_fen, "total": amount_fen, "currency": "CNY"},
    } | more


def alipay_paid(out_trade_no: str, amount: str = "35.00", **more: str) -> dict[str, str]:
    """A payment as Alipay's notices tell of it."""
    return {
        "out_trade_no": out_trade_no,
        "trade_no": f"2026{out_trade_no}",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": amount,
        "gmt_payment": "2026-11-22 09:00:00",
        "buyer_id": "2088123",
        "notify_id": secrets.token_hex(8),
    } | more


def seal(text: bytes, associated: str) -> dict[str, str]:
    nonce = secrets.token_hex(6)
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), text, associated.encode())
    common = {"algorithm": "AEAD_AES_256_GCM", "associated_data": associated}
    return common | {"nonce": nonce, "ciphertext": base64.b64encode(sealed).decode()}


_COLUMNS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


def wechat_bill(*lines: tuple[str, str, str, str]) -> bytes:
    """The gzip of a bill with lines of (out_trade_no, transaction, yuan, out_refund_no or "")."""
    rows = []
    for number, transaction, amount, refund in lines:
        state = (
            ("REFUND", "50300", refund, amount, "SUCCESS") if refund else ("SUCCESS", "0", "0", "0.00", "")
        )
        told, refund_id, refund_no, back, refund_state = state
        fields = [
            "2026-11-21 09:00:00", APPID, MCHID, "0", "", transaction, number, "oPatient", "JSAPI", told, "OTHERS",
            "CNY", amount, "0.00", refund_id, refund_no, back, "0.00", "ORIGINAL" if refund else "", refund_state,
            "仁和, 医院缴费", "", "0.01", "0.60%", amount if not refund else "0.00", back, "",
        ]  # fmt: skip
        rows.append("`" + ",`".join(fields))
    text = "\r\n".join([_COLUMNS, *rows, _SUMS, f"`{len(rows)},`0.00,`0.00,`0.00,`0.00,`0.00,`0.00", ""])
    return gzip.compress(f"\ufeff{text}".encode())


def sha1(packed: bytes) -> str:
    return hashlib.sha1(gzip.decompress(packed), usedforsecurity=False).hexdigest()


_ALIPAY_COLUMNS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,"
    "商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)


def alipay_bill(*lines: tuple[str, str, str, str]) -> bytes:
    """The zip of a bill with lines of (out_trade_no, transaction, yuan, out_refund_no or "")."""
    rows = [
        "#支付宝业务明细查询",
        "#账号：[20880000000000010156]",
        "#------业务明细列表------",
        _ALIPAY_COLUMNS,
    ]
    for number, transaction, amount, refund in lines:
        kind, value = ("退款", f"-{amount}") if refund else ("交易", amount)
        fields = [
            f"{transaction}\t",
            f"{number}\t",
            kind,
            "仁和医院缴费",
            "2026-11-21 08:59:00",
            "2026-11-21 09:00:00",
        ]
        fields += [
            "",
            "",
            "",
            "",
            "138****0000",
            value,
            value,
            *["0.00"] * 5,
            "",
            "0.00",
            "0.00",
            f"{refund}\t",
        ]
        rows.append(",".join([*fields, "-0.01", "0.00", ""]))
    rows += ["#------业务明细列表结束------", "#导出时间：[2026年11月22日 09:00:00]"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in (
            ("业务明细", "\r\n".join(rows)),
            ("业务明细(汇总)", "#汇总\r\n门店编号,合计\r\n,0"),
        ):
            entry = zipfile.ZipInfo(f"20880000000000010156_20261121_{name}.csv")
            file.writestr(entry, content.encode("gbk"))
    return packed.getvalue()


@cache
def _certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key("platform").public_key())
        .serial_number(0x5157F09EFDC096DE15EBE81A47057A7232F1B8E1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=365))
        .sign(key("platform"), SHA256())
    )
