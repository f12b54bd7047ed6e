"""Finds identity numbers, phone numbers, names and addresses, so that they can be swapped for tokens.

By shape, not by checksum: a number with a wrong digit is as personal as a right one. Where in doubt
something is swapped; one swap too many costs a question, one too few a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from integrations.language.asides import is_aside
from integrations.language.births import find_birth_date
from integrations.language.health import besides, speaks_to_us
from integrations.language.languages import english_words
from integrations.language.numerals import read_digits
from integrations.language.people import is_relative
from integrations.language.script import fold, simplify
from integrations.language.spans import Span
from integrations.language.whereabouts import behind_sending, is_about_addresses, names_a_place, sent_to

# What people put between digits (spaces, dashes, points, invisible characters), up to three of them.
_BETWEEN = r"[\s\-_.·•/,、()*|~\u200b-\u200f\u2060\ufeff]{0,3}"
_DIGIT = r"[\d零〇○一二三四五六七八九幺]"
_NEXT = rf"{_BETWEEN}{_DIGIT}"
_ALONE = rf"(?<!{_DIGIT})"
_END = rf"(?!{_DIGIT})"
_X = rf"(?:{_BETWEEN}[xX×хХ](?![a-z]))"

_ID_NUMBER = re.compile(
    rf"{_ALONE}(?:{_DIGIT}{{17}}{_X}{_DIGIT}{{1,2}}{_END}"  # one too many after the X
    rf"|{_DIGIT}(?:{_NEXT}){{16}}(?:{_NEXT}|{_X})?{_END}"  # 17 or 18
    rf"|{_DIGIT}(?:{_NEXT}){{14}}{_X}?{_END}"  # 15
    rf"|{_DIGIT}{{14}}{_X}?{_END}|{_DIGIT}{{16}}{_X}?{_END}|{_DIGIT}{{19,20}}{_X}?{_END})"  # a slip, in one piece
)
# Passports and permits for those who live in Hong Kong, Macao and Taiwan.
_PASSPORT = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[ -]?(?!(?<=[ -])(?:19|20)\d{6}\b)\d{7,10}(?![A-Za-z0-9])"
)
_MOBILE_NUMBER = rf"[1一幺]{_BETWEEN}[3-9三四五六七八九](?:{_NEXT}){{9}}{_END}"
_MOBILE_ABROAD = re.compile(rf"{_ALONE}(?:\+|00)?\(?(?:86|八六){_BETWEEN}(?P<number>{_MOBILE_NUMBER})")
_MOBILE = re.compile(rf"{_ALONE}(?:{_MOBILE_NUMBER}|[1一幺][3-9三四五六七八九]{_DIGIT}{{8,10}}{_END})")
# With its country's number in front, or as dialled from here: no other text looks like that.
_ABROAD = re.compile(
    rf"(?<![\w+])(?:\+{_BETWEEN}|00)(?!{_BETWEEN}86)(?P<abroad>[1-9](?:{_NEXT}){{6,14}}){_END}"
)
_LANDLINE = re.compile(
    rf"{_ALONE}\(?(?:\+86{_BETWEEN})?(?P<number>[0零〇]{_DIGIT}{{2,3}}{_BETWEEN}{_DIGIT}(?:{_NEXT}){{6,7}}){_END}"
)
# Any document's number, when one is asked for: letters and digits in one piece, or digits in groups.
_DOCUMENT = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=(?:[A-Za-z]*\d){4})[A-Za-z0-9]{5,20}|[A-Za-z]{0,3}(?:[ \-.]?\d){5,14}[A-Za-z]?)"
    r"(?![A-Za-z0-9])"
)
_LONG_NUMBER = re.compile(rf"{_ALONE}{_DIGIT}(?:{_NEXT}){{4,}}{_X}?")
_SHAPES = (
    ("phone", _MOBILE_ABROAD),
    ("id_number", _ID_NUMBER),
    ("phone", _ABROAD),
    ("phone", _MOBILE),
    ("phone", _LANDLINE),
    ("id_number", _PASSPORT),
)

# What holds many digits and is nobody's number: our own keys and tokens, and dates.
_MACHINE = re.compile(
    r"\[\[\w+:[0-9a-f]{32}\]\]|\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
)
_DATE = re.compile(r"(?:19|20)\d\d[-/. ](?:1[0-2]|0?[1-9])[-/. ](?:[12]\d|3[01]|0?[1-9])(?!\d)")

_NUMBER_ANSWERS = frozenset({"id_number", "phone"})
# What is typed to these is no address, whatever it holds.
_OWN_QUESTIONS = frozenset(
    {"words", "health", "person_name", "id_number", "id_document", "phone", "birth_date", "sms_code"}
)
_AROUND = " \t\r\n,。.;:!"
_DOCUMENT_ANSWERS = frozenset({"id_number", "id_document"})
_PREFIX = re.compile(
    r"(?:^|(?<=[\s,。;:]))(?:[^\s,。;:]{0,6}?(?:名叫|叫做|叫我|叫|姓名|名字|地址|住址)|我是|我住在?|家住|患者|病人"
    r"|就诊人|本人"
    r"|(?i:my (?:full )?name is|my name's|the name is|name is|i am|i'm|this is|it is|it's|call me|(?:full "
    r"|passport )?name[:=]))"
    r"(?:[是为叫在][:\s]*|[:\s]+)?(?=\S)"
)
_SUFFIX = re.compile(r"(?:[\s,。.!;]+|[吧啊呀哦]+[。.!]*|[\s,。;]+(?:[男女]性?|\d{1,3}岁|谢谢|麻烦).{0,12})$")
# What announces the number that follows a name: "陈建军，身份证", "，手机号是".
_LABEL = re.compile(
    r"[\s,。、;:]*(?:我的?|本人的?)?(?:身份证件?|证件|手机|电话|联系电话|联系方式)(?:号码?)?[是为:\s]*$"
    r"|[\s,.;]+(?:and )?(?:my )?(?:phone|mobile|cell|id|passport)(?: number| no\.?)?(?: is)?[:\s]*$",
    re.IGNORECASE,
)
_NAME_SAID = re.compile(
    r"(?:[我她他]叫|名叫|名字叫|(?:姓名|名字|患者|就诊人)[是为叫:]{1,2})\s*(?!本人|自己|[我他她妈爸家得了着不人救你]"
    r"|孩子)(?P<name>[㐀-鿿·]{2,4}?)"
    r"(?=$|[\s,。;!、]|想|要|身份|手机|电话|今年|男|女|挂|约|看)"
)
_COMMAND = re.compile(
    r"[给帮替].{0,4}(?:登记|注册|建档|办卡)|添加|家人|就诊人$|取消|返回|退出|断开|解绑|撤回|上一步|重来|重新|重填|重发"
    r"|帮助|人工|客服|转接|算了|不用|不要|不想|不填|不办|不注册|不方便|跳过|停止|结束|改一下"
    r"|挂号|预约|挂.{0,8}号|退号|网页|页面|链接|隐私|投诉|打错|写错|填错|说错|医生|大夫|急救|急诊|救命|停车|医保"
    r"|傻[逼xX子]|煞笔|妈的|混蛋|王八|垃圾|骗子|滚开|去死|打不开|收不到|没收到|填好|填完|弄好|搞定|提交|这里填|直接填"
    r"|验证码|身份证$|手机号$|^[今明后]天|[这下]周|[上下]午"
    r"|(?:[内外妇儿眼骨产]|皮肤|口腔|中医|鼻喉|神经|泌尿|心理|肿瘤|内分泌|康复|感染|呼吸|消化|医学)科"
    r"|^(?:我?[填好]了|注册|登记|完成|继续|报告|好|好的|好吧|是|是的|不是|对|对的|嗯|行|可以|确认|没有|没|你好|您好"
    r"|谢谢"
    r"|(?:说|讲|用|换成?|改成?|请说|请用)?(?:繁体|简体|中文|汉语|英[文语]|普通话|国语|粤语|广东话)(?:中文|字)?"
    r"|(?:开|打开|换成?)?(?:长辈|老人|老年|关怀|大字|普通)(?:版|模式)"
    r"|不对|不对不对|错了|说错了|再见|ok|yes|no|hi|hello|help|cancel|back|stop|同意|不同意|等等|等一下|稍等|知道了|在吗|本人|我|自己|我自己)$",
    re.IGNORECASE,
)
# English that speaks to us; a name of two words may hold one of these as well (May Long), so not just any word.
_TALK_IN_ENGLISH = re.compile(
    r"\b(?:cancel|go back|back to|step back|stop|quit|exit|resend|send (?:it|me|the)|use the|the page|in the chat"
    r"|web ?page|link|wrong"
    r"|mistake|change|human|agent|operator|staff|customer service|a person|someone|register|appointment|book"
    r"|privacy|secure|agree"
    r"|don'?t|do not|can'?t|cannot|want|need|have to|not now|later|never ?mind|thanks?|please|help|emergency"
    r"|ambulance|hospital"
    r"|doctor|tomorrow|today|english|chinese|hello|skip|i already|same as|first of all)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"[?]|[吗呢么]$|^(?i:why|what|how|where|when|who|which|could|does|are|should) |为什么|为啥|干嘛|怎么|什么"
    r"|哪[里儿个些]|多少|几点|几号|安全|可不可以|能不能|有没有|是不是"
)
# Words of a sentence that are nobody's name; the others may be one as well (To Wai Man, Will Young).
_OF_A_SENTENCE = frozenset(
    """here there it is are was the this that these what why your my our yours mine not type typing fill filling click
    write writing enter need have with from about if then but because where when how which could would should does did
    already again first done""".split()  # noqa: SIM905
)
_OFTEN_SAID = frozenset(
    """sure ready just let go ahead do in on at to for so me you he i we he up out can will may see know get give tell
    now next later more why ok okay alright right good great fine nothing nobody maybe and or no yes of a""".split()  # noqa: SIM905
)
_WHOSE = re.compile(r"[我你他她](?:爸|妈|爷|奶|老公|老婆|儿子|女儿)")  # 王小明他爸
_SENTENCE = re.compile(r"^[我俺].*(?:想|要|头|疼|痛|看|约|能|可以|去|有|没|需|不|得|难受)")
_ONE_OF_A_NAME = re.compile("[㐀-鿿]")
# Single characters that say something else.
_NO_NAME = frozenset(
    "不有你他她它们啊哦噢喔呃额哎唉诶欸呵哈嘿早在谁哪啥能会要改退换喂滚男女啦吧呢吗嘛哇咦痛疼晕急约挂看给帮这那"
    "一二三四五六七八九十两几个人号的了"
)
_PIECES = re.compile(r"[^\s,。;!、]+")
_CLAUSES = re.compile(r"[^,。;!、\n]+")  # English parts its words by spaces


def find_personal(text: str, expects: str | None = None, today: date | None = None) -> list[Span]:
    """The personal values of a text, as spans id_number, phone, person_name, address and birth_date, in order and
    apart from each other. `value` is the value itself (digits in ASCII, X in upper case, a plus sign before a foreign
    phone; a birth date in ISO form). Where `health` is expected, the whole answer is one span of that kind, unless it
    speaks to us.

    `expects` is what the last question asked for. The whole answer to a question for a name or an
    address is one span, without a prefix such as 我叫, unless it is a command or a question; of an address with the
    phone and the name in it, whoever asked. Where a `place` is expected an address may be typed, but need not. Birth
    dates are found when they are asked for, `today` being the hospital's.
    """
    folded, birth = fold(text), []
    if whole := _whole_address(text, folded, expects):
        return [whole]
    if expects == "birth_date" and today and (found := find_birth_date(folded, today)):
        start, end, born = found
        folded = folded[:start] + "\ufffc" * (end - start) + folded[end:]
        birth = [Span("birth_date", start, end, born.isoformat())]
    spans = [*birth, *_shapes(folded, expects)]
    if expects == "health" and not any(one.entity == "id_number" for one in spans):
        if speaks_to_us(simplify(folded)):
            return []
        end = besides(text)
        return [Span("health", 0, end, text[:end]), *(one for one in spans if one.start >= end)]
    # An answer to the question for an address that is none speaks to us, unless a number stands beside it.
    if expects == "person_name" or (expects == "address" and any(one.entity == "id_number" for one in spans)):
        spans += _answer(text, folded, expects, spans)
    for match in _NAME_SAID.finditer(folded):
        span = Span("person_name", match.start("name"), match.end("name"), text[slice(*match.span("name"))])
        if not span.overlaps(spans) and not _is_talk(span.value, "person_name"):
            spans.append(span)
    return sorted(spans, key=lambda span: span.start)


def find_phone(text: str) -> Span | None:
    """The first phone of a text, by its shape."""
    return next((span for span in _shapes(fold(text), None) if span.entity == "phone"), None)


def put_tokens(text: str, spans: Sequence[Span], tokens: Sequence[str]) -> tuple[str, list[Span]]:
    """The text with each span replaced by its token, and the spans there, with the tokens as values."""
    parts, placed, position, length = [], [], 0, 0
    for span, token in zip(spans, tokens, strict=True):
        before = text[position : span.start]
        start = length + len(before)
        placed.append(Span(span.entity, start, start + len(token), token))
        parts += [before, token]
        position, length = span.end, start + len(token)
    return "".join([*parts, text[position:]]), placed


def redact(text: str) -> str:
    """A log line without the numbers of people."""
    spans = find_personal(text)
    return put_tokens(text, spans, [f"[{span.entity}]" for span in spans])[0]


def _whole_address(text: str, folded: str, expects: str | None) -> Span | None:
    """Where something is to be sent, to whom, and whom to call."""
    if expects in _OWN_QUESTIONS:
        return None
    kinds = {span.entity for span in _shapes(folded, expects)}
    if "id_number" in kinds:
        return None
    said = simplify(folded)
    start: int | None = 0
    if (
        expects == "place"
    ):  # other answers are likelier, and one that names nobody and nowhere is one of those
        start = 0 if "phone" in kinds or names_a_place(said) else None
    elif expects != "address":
        start = sent_to(said, has_phone="phone" in kinds)
    elif not ("phone" in kinds or names_a_place(said)):
        bare = said.strip(_AROUND)
        talk = not bare or is_about_addresses(bare) or _is_talk(bare, "person_name")
        start = None if talk or not any(map(str.isalnum, bare)) else 0
    if start is None:
        return None
    start = start or behind_sending(said)
    rest = folded[start:].lstrip(_AROUND)
    start = len(folded) - len(rest)
    if prefix := _PREFIX.match(rest):
        start += prefix.end()
    end = len(folded.rstrip(_AROUND))
    return Span("address", start, end, text[start:end]) if start < end else None


def _shapes(folded: str, expects: str | None) -> Iterator[Span]:
    taken = [Span("machine", *match.span(), None) for match in _MACHINE.finditer(folded)]
    shapes = list(_SHAPES)
    if expects in _DOCUMENT_ANSWERS:  # before landlines, which many a permit's number looks like
        shapes.insert(shapes.index(("phone", _LANDLINE)), ("id_number", _DOCUMENT))
    if expects in _NUMBER_ANSWERS:
        shapes.append((str(expects), _LONG_NUMBER))
    for entity, pattern in shapes:
        for match in pattern.finditer(folded):
            start, end = match.span()
            span = Span(entity, start, end, _value(match))
            if span.overlaps(taken) or (pattern is _ID_NUMBER and not _can_be_id(match[0])):
                continue
            taken.append(span)
            yield span


def _value(match: re.Match[str]) -> str:
    """The number; a foreign one with its plus sign, for its digits alone may look like another country's."""
    groups = match.groupdict()
    if abroad := groups.get("abroad"):
        return f"+{_plain(abroad)}"
    return _plain(groups.get("number") or match[0])


def _plain(number: str) -> str:
    """Digits and letters only: ASCII digits, upper-case letters, X for whatever stands for it."""
    kept = (c for c in number if c.isalnum() or c in "×○〇")
    return "".join(
        "X" if c in "×хХ" else c.upper() if c.isalpha() and c.isascii() else read_digits(c) for c in kept
    )


def _can_be_id(written: str) -> bool:
    """Leaves out two dates in a row, and fifteen digits of separate numbers that hold no birthday."""
    if _DATE.match(written):
        return False
    plain = _plain(written)
    if len(plain) == 15 and len(written) > 15:
        return 1 <= int(plain[8:10]) <= 12 and 1 <= int(plain[10:12]) <= 31
    return True


def _answer(text: str, folded: str, expects: str, taken: Sequence[Span]) -> list[Span]:
    """The free parts of an answer that names a person or a place."""
    spans = []
    edges = [
        0,
        *(edge for span in sorted(taken, key=lambda s: s.start) for edge in (span.start, span.end)),
        len(text),
    ]
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        piece = folded[begin:end]
        if is_aside(piece):
            continue
        if not _is_no_value(_LABEL.sub("", piece).strip(" ,。.!;\n"), expects):
            bounds = [(begin, end)]
        else:
            parts = _CLAUSES if piece.isascii() else _PIECES
            bounds = [(begin + m.start(), begin + m.end()) for m in parts.finditer(piece)]
        spans += [s for b in bounds if (s := _trimmed(text, folded, *b, expects))]
    return spans


def _trimmed(text: str, folded: str, start: int, end: int, expects: str) -> Span | None:
    if prefix := _PREFIX.match(folded[start:end].lstrip()):
        start += len(folded[start:end]) - len(folded[start:end].lstrip()) + prefix.end()
    start += len(folded[start:end]) - len(folded[start:end].lstrip(" \t\r\n,。:;"))
    if expects == "person_name":
        end = start + len(_LABEL.sub("", folded[start:end]))
    end = start + len(_SUFFIX.sub("", folded[start:end]))
    value = text[start:end]
    shortest = 2
    if expects == "person_name":  # a single character is one when it is all that was said: told as cut
        alone = bool(prefix) or value == text.strip(" ,，。.!！\n")
        shortest = 1 if alone and _ONE_OF_A_NAME.fullmatch(value) else 2
    if len(value) < shortest or _is_no_value(folded[start:end], expects) or not any(map(str.isalpha, value)):
        return None
    return Span(expects, start, end, value)


def _is_no_value(folded: str, expects: str) -> bool:
    return _is_talk(folded, expects) or (expects == "person_name" and _is_english_sentence(folded))


def _is_talk(folded: str, expects: str) -> bool:
    """Whether an answer speaks to us instead of giving what was asked for."""
    folded = simplify(folded)
    if (expects == "person_name" and folded in _NO_NAME) or is_aside(folded):
        return True
    if _COMMAND.search(folded) or _QUESTION.search(folded) or _TALK_IN_ENGLISH.search(folded):
        return True
    if expects == "person_name" and (is_relative(folded) or _WHOSE.search(folded)):
        return True  # 我爸: whom it is about, not what they are called
    return expects == "person_name" and bool(_SENTENCE.search(folded)) and not _PREFIX.match(folded)


def _is_english_sentence(said: str) -> bool:
    """ "type here", "sure go ahead": little words of English only, or one that is in no name. Written Like This words
    are believed to be one."""
    words = re.findall(r"[A-Za-z'’]+", said)
    if not words or not said.isascii() or _PREFIX.match(said):
        return False
    lowered = [re.split("['’]", word.lower())[0] for word in words]
    if _OF_A_SENTENCE.intersection(lowered):
        return True
    capitals = len(words) > 1 and all(word[0].isupper() for word in words)
    little = english_words() | _OFTEN_SAID
    return not capitals and bool(_OFTEN_SAID.intersection(lowered)) and little.issuperset(lowered)
