"""Everything an operator can set, read from the environment and `.env`.

What `daozhen up` generates (`var/secrets.env`, the addresses of its own databases) reaches a process through
its environment; `bot.launching.secrets` puts the two together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The environment wins over `.env`. An empty secret switches its door off."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Where things are. Empty: `daozhen up` starts its own Postgres and Valkey and fills these in.
    database_url: str = ""
    redis_url: str = ""
    rasa_urls: str = "http://127.0.0.1:5005"  # separated by commas
    rasa_token: SecretStr = SecretStr("")
    actions_port: int = 5055
    gateway_port: int = 8000
    desk_port: int = 8001
    sandbox_port: int = 8100
    desk_url: str = "http://127.0.0.1:8001"  # how staff reach the desk: it answers by no other name
    desk_doctor_url: str = (
        ""  # a second name, published to doctors on their phones: nobody else may log in there
    )
    public_url: str = "http://127.0.0.1:8000"  # how patients reach the gateway: links to pages start so
    pages_framed_by: str = (
        ""  # origins, separated by spaces, that may show patients' pages in a frame: nobody
    )
    timezone: str = "Asia/Shanghai"

    # Keys: "id:base64,id:base64", the first one is used for writing (32 bytes each). Where they are not set they
    # stand in `keys_file`, which is read again when it changes.
    data_keys: SecretStr = SecretStr("")
    index_keys: SecretStr = SecretStr("")
    keys_file: Path | None = None

    # WeChat official account
    wechat_appid: str = ""
    wechat_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_reply_mode: Literal["passive_first", "active", "passive_only"] = "passive_first"
    wechat_passive_seconds: float = Field(default=4.3, gt=0, lt=5)
    wechat_notice: Literal["none", "template", "subscription"] = "none"  # which kind the account has
    wechat_notice_templates: str = ""  # JSON, see integrations.wechat.notices
    wechat_jssdk_url: str = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
    # Patients who ask for a person are handed to WeChat's own agents: what is said there we never see, red flags
    # included. Both are to be said, or neither.
    wechat_native_agents: bool = False
    wechat_native_agents_red_flags_unseen: bool = False

    # Telegram
    telegram_token: SecretStr = SecretStr("")
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_api_base: str = "https://api.telegram.org"
    telegram_chat_burst: int = Field(default=3, ge=1)  # messages to one patient in three seconds
    telegram_staff_group_id: int | None = None  # a forum where staff may answer; None: none

    # SMS and identity check: Tencent Cloud's protocols
    sms_api_base: str = "https://sms.tencentcloudapi.com"
    sms_secret_id: str = ""
    sms_secret_key: SecretStr = SecretStr("")
    sms_app_id: str = ""
    sms_sign_name: str = ""
    sms_template_code: str = ""
    sms_consent_template_code: str = ""
    sms_consent_template_code_hant: str = (
        ""  # the same in traditional characters and in English, where approved
    )
    sms_consent_template_code_en: str = ""
    sms_page_template_code: str = ""  # pages to staff
    identity_api_base: str = "https://faceid.tencentcloudapi.com"
    identity_secret_id: str = ""
    identity_secret_key: SecretStr = SecretStr("")

    # WeChat Pay v3. Keys are base64 of DER (PEM without its first and last line). A public key (微信支付公钥) with
    # its id, or neither: then the platform's certificates are fetched.
    wechatpay_api_base: str = "https://api.mch.weixin.qq.com"
    wechatpay_mchid: str = ""
    wechatpay_serial_no: str = ""  # of our certificate
    wechatpay_private_key: SecretStr = SecretStr("")
    wechatpay_apiv3_key: SecretStr = SecretStr("")
    wechatpay_public_key_id: str = ""
    wechatpay_public_key: str = ""
    wechat_oauth_base: str = "https://open.weixin.qq.com"  # where a page in WeChat asks who reads it

    # Alipay, with RSA2 keys
    alipay_api_base: str = "https://openapi.alipay.com/gateway.do"
    alipay_app_id: str = ""
    alipay_seller_id: str = ""
    alipay_private_key: SecretStr = SecretStr("")
    alipay_public_key: str = ""  # Alipay's

    # Parcels: Kuaidi100
    kuaidi100_api_base: str = "https://poll.kuaidi100.com"
    kuaidi100_customer: str = ""
    kuaidi100_key: SecretStr = SecretStr("")
    kuaidi100_salt: SecretStr = SecretStr("")

    # The hospital
    hospital_name: str = "仁和互联网医院"
    hospital_phone: str = "010-8888 6666"
    # Said with every alarm, so it is a setting: the database may be what is down.
    emergency_department: str = "朝阳区康宁路18号急诊楼1层，24小时，电话 010-8888 6120"
    # For patients who write English; empty: as above.
    hospital_name_en: str = "Renhe Internet Hospital"
    emergency_department_en: str = (
        "Emergency Building, ground floor, 18 Kangning Road, Chaoyang District (朝阳区康宁路18号急诊楼1层), "
        "24 hours, phone 010-8888 6120"
    )
    # A file like bot/first_aid/departments.yml: where patients are sent who tell us where they are.
    emergency_departments: Path | None = None
    # Who is paged at a red flag or a follow-up's alarm (phones, by commas), and when nobody acknowledges in so many
    # minutes, the duty office.
    oncall_phones: str = ""
    duty_office_phones: str = ""
    page_minutes: int = Field(default=5, ge=1)
    patients_per_account: int = Field(default=6, ge=1)  # the owner included
    hold_minutes: int = Field(default=15, ge=1)
    waitlist_minutes: int = Field(default=20, ge=1)  # to answer an offer
    # How staff may make sure who calls before they book, cancel or pay back: called_back, document, questions
    caller_proofs: str = "called_back,document,questions"
    count_noshows: bool = False  # visits of past days that nobody checked in were missed
    link_minutes: int = Field(default=15, ge=1)
    quiet_hours: str = Field(default="22:00-07:30", pattern=r"^(none|\d\d:\d\d-\d\d:\d\d)$")
    follow_up_plans: Path | None = None  # a folder with the hospital's own plans, instead of ours

    # Complaints: who else helps, said when we are late or when a patient asks; and the operator's own working days
    complaint_hotline: str = "12345"
    health_hotline: str = "12320"
    mediation_office: str = "朝阳区医疗纠纷人民调解委员会（010-8888 6140）"
    mediation_office_en: str = (
        "the Chaoyang mediation committee for medical disputes (朝阳区医疗纠纷人民调解委员会, 010-8888 6140)"
    )
    case_close_days: int = Field(default=7, ge=1)  # after an answer to which the patient says nothing
    working_days: Path | None = None  # a file like integrations/hospital/working_days.yml
    office_hours: Path | None = None  # a file like integrations/hospital/office_hours.yml
    surveys: bool = True  # ask now and then what patients think of all of us

    # The pharmacy. A prescription is valid for so many days, the day of issue included, where its doctor says nothing.
    prescription_days: int = Field(default=1, ge=1, le=3)
    review_minutes: int = Field(default=5, ge=1)  # in which a pharmacist should have looked at it
    amend_minutes: int = Field(default=60, ge=5)  # in which a doctor should have amended what was sent back
    medicine_bill_minutes: int = Field(default=30, ge=5)  # for which a bill holds its packs
    delivery_fee_fen: int = Field(default=1200, ge=0)
    cold_delivery_fee_fen: int = Field(default=3800, ge=0)  # in a cooled box
    # Days without news after which a parcel counts as lost, plain and cooled; from half of it on its carrier is asked.
    parcel_lost_days: int = Field(default=6, ge=1, le=30)
    cold_parcel_lost_days: int = Field(default=2, ge=1, le=30)

    # Online consultations (在线复诊): only of what was diagnosed before, unless a pilot allows first visits as well.
    consultation_accept_minutes: int = Field(default=30, ge=1)  # or the fee goes back by itself
    consultation_minutes: int = Field(default=120, ge=5)  # from when it is accepted
    consultation_turns: int = Field(default=20, ge=1)  # messages of the patient
    consultation_hold_minutes: int = Field(default=15, ge=1)  # in which it is to be paid
    consultation_record_days: int = Field(default=365, ge=1)  # so long a visit on file counts as a diagnosis
    consultation_first_visits: bool = False
    consultation_under_six: bool = True  # with a guardian, by doctors who see small children

    # Pictures, recordings and files of patients
    media_megabytes: int = Field(default=20, ge=1, le=50)
    media_days: int = Field(default=1095, ge=1)  # dialogues are kept for three years

    @model_validator(mode="after")
    def _native_agents_are_confirmed(self) -> Self:
        """Raises ValueError."""
        if self.wechat_native_agents != self.wechat_native_agents_red_flags_unseen:
            raise ValueError(
                "WeChat's own agents talk with patients where this program sees nothing: no red flag is found there, "
                "and nobody is paged. Set WECHAT_NATIVE_AGENTS and WECHAT_NATIVE_AGENTS_RED_FLAGS_UNSEEN both to true "
                "to accept that, or neither."
            )
        if self.wechat_native_agents and self.wechat_reply_mode == "active":
            raise ValueError(
                "WECHAT_NATIVE_AGENTS hands patients over in passive replies: WECHAT_REPLY_MODE cannot be active."
            )
        return self

    @field_validator("telegram_staff_group_id")
    @classmethod
    def _is_a_supergroup(cls, group: int | None) -> int | None:
        """Only those have topics, and a group's id changes when it becomes one. Raises ValueError."""
        if group is not None and group > -(10**12):
            raise ValueError(
                "a group with topics has an id that begins with -100; switch its topics on, and look again."
            )
        return group

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def hospital_name_in(self, language: str) -> str:
        return self._in(language, "hospital_name")

    def emergency_department_in(self, language: str) -> str:
        return self._in(language, "emergency_department")

    @property
    def maps_departments(self) -> bool:
        """Whether the places in the file of departments are this hospital's: the demo's are not an operator's."""
        return bool(self.emergency_departments) or "emergency_department" not in self.model_fields_set

    def mediation_office_in(self, language: str) -> str:
        return self._in(language, "mediation_office")

    def _in(self, language: str, name: str) -> str:
        """Where only the Chinese one was set, the English default speaks of another hospital."""
        english = f"{name}_en"
        theirs = name in self.model_fields_set and english not in self.model_fields_set
        chosen = english if language == "en" and not theirs and getattr(self, english) else name
        return str(getattr(self, chosen))

    @property
    def rasa_addresses(self) -> list[str]:
        return [url.strip().rstrip("/") for url in self.rasa_urls.split(",") if url.strip()]
