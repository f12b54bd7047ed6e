"""What a patient says is not so: "不发烧，就是咳嗽" speaks of a cough alone.

Only words for complaints, parts and conditions can be denied, and only right behind the word that denies: 没力气,
睡不着 and 月经没来 are complaints themselves. "有没有", "是不是" and "疼不疼" ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_NO = (
    r"(?<!有)没有?(?:得过|受过|受|过|再|怎么|什么|明显的?|任何|查出|发现|觉得)?"
    r"|(?<!是)不(?:是因?为?|怎么|太|再|觉得|感到|伴有?)?"
    r"|(?:并无|无|否认有?|未见|未|从不|从没有?|排除了?)(?:明显的?|任何|伴有?)?"
    r"|\b(?:no|not|without|never had|denies|deny|(?:don't|do not|doesn't|does not|didn't) (?:have|feel|get))\b"
    r"(?: (?:any|a|an|have|history of))*[ ，]*"  # what was English stands between commas
)
# Said of these, a no is a no. Behind 不 alone only what one does or feels; behind 没有, 无 what one has, too.
_FELT = (
    r"发高?烧|发热|烧|头[疼痛]|头晕|[疼痛]痒|[疼痛]|痒|晕|咳[嗽痰]?|[呕]?吐|恶心|拉肚子|拉稀|腹泻|腹胀|胀|喘|麻|肿|红|酸"
    r"|胸[闷疼痛]|心慌|心悸|流鼻涕|鼻塞|打喷嚏|流泪|流血|出血|流脓|掉皮|脱皮|怕冷|出汗|口渴|便秘|过敏|尿[频急痛血]|憋气|气短|反酸|烧心"
)
_HAD = (
    rf"{_FELT}|高烧|低烧|体温|感冒|鼻涕|痰|血(?!色)|咯血|咳血|便血|尿血|血尿|黑便|脓|皮疹|疹子?|红疙瘩|疙瘩|水泡|硬块|肿块|包块"
    r"|[腹肚胃牙腰腿背耳]子?[疼痛]|肚子[疼痛胀]|腹痛|牙[疼痛]|嗓子[疼痛]|喉咙[疼痛]|关节[疼痛]|眼睛?[疼痛]|寒战"
    r"|高血压|糖尿病|冠心病|心脏病|心脏|高血脂|肝炎|乙肝|肺炎|肺结核|结核|哮喘|鼻炎|胃病|胃炎|肾病|肾结石|结石|肿瘤|癌症?|颈椎病|颈椎|腰椎|骨折|痔疮"
    r"|甲亢|甲减|痛风|贫血|中风|脑梗|癫痫|抑郁症?|妇科病|性病|外伤|受伤|伤|怀孕|黄疸|浮肿|水肿|抽筋|抽搐|鼻子|感染|传染病|过敏史|手术史?"
)
_DONE = r"摔倒?|跌倒?|撞到?|磕到?|碰到?|扭到?|崴|砸到?|受伤|着凉|感冒|喝酒|抽烟|吃坏|运动"  # 没摔过
_MORE = r"\s*(?:(?:[、/和或及与以]|也没有?|也无|也不|，? ?(?:or|and)\b)[\s，]*)*"
_TAIL = r"(?:病史|史|过|着|了|症状|这些|的?情况|的?问题|现象)*"
_THING = rf"(?:{_HAD}|{_DONE})"
_DENIED = re.compile(rf"(?P<no>{_NO})\s*(?P<what>{_THING}(?:着|过)?(?:{_MORE}{_THING}(?:着|过)?)*){_TAIL}")
_BEHIND = re.compile(
    rf"(?P<what>(?:胸口|心口|心脏|脑袋|后背|喉咙|膝盖|[眼耳头牙肚腰腿脚手胸嗓鼻胃背脸][子睛朵部儿]?))不(?:怎么|太|再)?(?:{_FELT})"
)
# 肚子不疼，就是胀: what follows is of the same part.
_GOES_ON = re.compile(r"[，,\s]*(?:但是?|可是?|不过|就是|只是|光是?|但|却|而是)")
# 备孕一年没怀孕 is the complaint. 无痛血尿, 不疼的硬块: a quality, told of what stands behind.
_TRYING = re.compile(r"备孕|怀不上|要孩子|不孕|一直")
_QUALITY = re.compile(r"无痛(?!感|，|。|,|$)")
_MEDICINE = re.compile(r"药|片|针|科")


def spoken(text: str) -> str:
    """The text without what is denied: each of its characters a comma, so that places stay. `text`: normalised, small
    letters, English words already in the model's own."""
    kept = list(text)
    for start, end in _spans(text):
        kept[start:end] = "，" * (end - start)
    return "".join(kept)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for found in _DENIED.finditer(text):
        if not _asks(text, found) and not _told(text, found):
            yield found.span()
    for found in _BEHIND.finditer(text):
        if text[found.end() :][:1] not in ("吗", "呢", "?", "？"):
            yield found.end("what") if _GOES_ON.match(text, found.end()) else found.start(), found.end()


def _asks(text: str, found: re.Match[str]) -> bool:
    """疼不疼, 发烧没有发烧: the word stands on both sides; "没有发烧吧？" asks too."""
    what, before = found["what"], text[: found.start()]
    return (found["no"].startswith(("不", "没")) and before.endswith(what[:1])) or bool(
        re.match(r"吗|吧|呢", text[found.end() :])
    )


def _told(text: str, found: re.Match[str]) -> bool:
    """Whether the no belongs to the complaint."""
    if _MEDICINE.match(text, found.end()) or _QUALITY.match(text, found.start()):
        return True
    return "怀孕" in found["what"] and bool(_TRYING.search(text))
