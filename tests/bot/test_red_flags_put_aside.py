"""What takes a sign's weight, kind by kind, and what keeps it: one table each."""

import pytest

from bot.red_flags import Outcome, look
from bot.red_flags.looking import _judge
from bot.red_flags.plain import plain

GRAVE = (Outcome.EMERGENCY, Outcome.CRISIS)


QUIET = {
    "part of another word": """
        黄昏迷路了，后门在哪
        腰疼不想活动
        他不动产证丢了
        跳河南卫视的节目吗
        测出血压一百三
    """,
    "people in general": """
        睾丸扭转多见于几岁
        业主群里说有小孩溺水，提醒大家注意
        抑郁症的人为什么会想死
        为什么有的年轻人会自杀
        义工培训问：怎么跟想死的人开口
    """,
    "a purpose": """
        过敏性休克是怎么回事，考试要考
        is anaphylaxis common with penicillin? asking for a school project
    """,
    "errands that hurt": """
        抢号抢到吐血
        堵车堵得我要断气了
        快等死人了，到底几号
        填表填到快断气
        退款慢得我想上吊
        演唱会上我差点断气，今天嗓子沙
        走得腿都断了，电梯在哪
        工资一到账就大出血
        双十一大出血，钱包空了
    """,
    "machines, pets and parcels": """
        手机快没气了，电只剩两格
        网断了，一直在抽风
        我家猫昨晚吐了又抽
        快递三天没动静了
        手机没电晕过去了，重新登录
        我家猫叫不醒，睡得四仰八叉
        奶奶的助听器掉水里了
        我家的狗抽搐了去哪看
        阳台的花都死了
        汽车发动机抽搐抖动，要晚到
        车子趴窝不动了，晚点到
    """,
    "denied within the sign": """
        胸不疼也不闷，例行复查
        我没有要自杀的意思
        不是“想死”是“相似”，打错了
    """,
    "a numb hand, and why": """
        打字打到右手有点麻，休息就好
        睡觉压着胳膊了，左手麻了一会儿，甩甩就好了
    """,
    "long over": """
        生老大的时候大出血，现在想要二胎
        孩子半岁时抽搐过一次，现在正常
        孩子半岁时热性惊厥一次 现在四岁了还能打疫苗吗
        孩子半岁时惊厥过一次，四岁了能打疫苗吗
        我妈走了半年了，心梗走的
        爷爷是脑溢血去世的
        两年前我妈突然说不出话送过急诊，想打印病历
        年轻时自杀未遂过一次，现在生活挺好
    """,
    "a name, a title, a spelling": """
        抖音名叫喘不上气的小王，改成实名
        昵称是心脏骤停乐队，发票别写这个
        《中风以后》这本书图书角有吗
        小昏，昏迷的昏，名字登记错了
    """,
    "the doctor's question": """
        你问我胸痛吗，没有的
        问卷里晕不晕那题选错了
    """,
    "a tool, a service": """
        取号机死机断气了
        急救讲座讲窒息和猝死，还有座位吗
    """,
    "joined by its sound": """
        白天不出汗不心慌，血糖挺稳
        嗓子沙哑三天了
    """,
    "a pack that is empty, a road that is full": """
        药我全吃了，还要再开吗
        药全吃完了，谢谢医生，好多了
        一瓶安眠药吃完了，想续方
        困在车里堵车，能改时间吗
        撞死人了要坐牢吗，电视剧里的
        my car broke down, can i come later
        how do i help someone with a cold
    """,
    "a scare that was nothing": """
        昨晚以为心脏病发作，查完是胀气
    """,
    "may come of it": """
        小孩发烧会不会烧成惊厥
    """,
}
LOUD = """
    吸得慢得要断气了，叫不应
    我以为是胃病，结果心梗了
    比赛的时候他突然断气了
    我爸昏迷路边，快来
    腿动不了，一动不动手也冰凉
    晕倒车里了
    喉咙堵得喘不过气
    胸口闷得透不过气
    摸了猫喘不上气
    被狗咬得大出血
    我论文写不完，不想活了
    抑郁症是不是都会想死，我现在就天天想死
    去年中过风，今天嘴又歪了
    以前割过腕，现在又想自杀
    以前割过腕，好了两年，最近又想了
    之前还好好的突然就叫不醒了
    i had a heart attack in 2018 and the same pressure is back, sweating
    血，止不住，拔牙
    看到他吐血了
    背痛得晕过去了
    老人怎么叫都叫不醒
    人怎么叫不醒了
    我妈这个病为什么会突然说不出话
    喘不上气快死的感觉
    孩子状态差没反应了
    等到他断气了才发现
    不是考试，是真的，他没呼吸了我该怎么按
    急救课上教过，可是老人噎住了出不了声
    这人咋还翻白眼了，抽得邦邦硬
    麻烦人工，病人在旁边昏迷了
    没有发烧，但是叫不醒
    胸口不疼了，可是喘不上气
    手机没电了，我爸没有呼吸了
    他加班回来晕倒了
    怎么死不痛苦
    心脏骤停！有人会救吗，三号楼下面
    安眠药吃了一整瓶
    遗书写好了放抽屉里
    can i change my appointment, also my mum just collapsed
    他说的话没一句听得懂，右手也动不了
    老公overdose了，人unresponsive
    我站在楼顶，手机没电了
    睡觉起来半边身子麻，抬不起来
    写着字右手突然麻了，握不住笔
    以为是压的，手麻，现在嘴也歪了
    掉水里了，孩子捞上来没气
    吃了药舌头都肿了，想问问退不退钱
    我去年心梗过，现在又喘不上气
    我爷爷吐字不清，82岁
    老人说话不清楚 73岁
    老爸吐字不清，六十五岁
    舌头打结说不清普通话了
    我爸在电脑前晕倒
    玩手机突然昏倒
    开空调晕倒
    网购的药吃了昏迷
    点了炭火一家人都晕了
    把药都吃光了一个月的量
    我把药都吃了，不用复查了
    半边身子麻走不了路五分钟就好了
    一边手脚麻木动不了歇一会就好
    手机掉了捡不起来
    他手机摔了人抽搐了
    孩子摘花从树上摔下来了
    脐带脱落，胎心没了
    听我妈说楼下我爸摔倒不省人事
    听老师说学校里我儿子抽搐了
    遛狗摔下来昏迷了
    抱着猫摔下去了头流血不止
    老公吃兔子中毒了，口吐白沫
    最近一直在想着哪天自杀
    痰堵嗓子憋得人都要窒息
    空调房里哮喘犯了憋得人喘不过气
    今晚就走了不用再走流程了
    暂存了好多安眠药
    我女儿小花抽搐了
    翠花晕倒了叫不醒
    头昏眼花吐血
    头昏眼花晕倒了
    狗狗把我儿子咬得抽搐了
    小狗把孩子吓得抽搐了
    车子里有个孩子没反应
    我被汽车撞昏了
    我爸开车子的时候昏过去了
    孩子头卡在洗衣机里没反应
    老婆坐月子，满月的时候突然大出血
    宝宝满月的时候突然抽搐
    老公打呼噜呼吸停了叫不醒
    右手右脚发麻，歇一下就好了
    没有办法呼吸了
    想开药自杀
    开点安眠药自杀
    如果有一天我自杀了你们会难过吗
    要是哪天我跳楼了也没人知道
    我要杀了我老公
    the video call dropped, my mom is unconscious
    my husband was watching the news and his face drooped
    while playing a video game my son had a seizure
    我的车撞死人了
    撞死人了怎么办
    人卡在车里出不来
    药我全吃了，谢谢你们
    药我全都吃了，再见了
    安眠药吃完了，别让我醒来
    一瓶安眠药吃完了
    my car crashed and i am trapped
    there was a crash, my dad is stuck in the car
    how do i help someone who is choking right now
    i read in an article about stroke and my left arm is weak now
"""


def test_a_sign_that_is_none_is_put_aside():
    rung = [
        (kind, text.strip(), look(text.strip()))
        for kind, texts in QUIET.items()
        for text in texts.strip().splitlines()
        if look(text.strip())[0] in GRAVE
    ]
    assert rung == []


def test_what_is_there_now_rings_however_it_looks():
    silent = [
        (text, look(text)) for text in map(str.strip, LOUD.strip().splitlines()) if look(text)[0] not in GRAVE
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("宝宝两个多月，体温38.3", Outcome.URGENT),
        ("宝宝六周，发烧38.2", Outcome.URGENT),
        ("怀孕八周有点褐色出血", Outcome.URGENT),
        ("我胸痛挂什么科", Outcome.CHECK),
        ("我左手有点麻", Outcome.CHECK),
        ("右手麻", Outcome.CHECK),
        ("胸口疼挂什么科", Outcome.CHECK),
        ("左手突然有点麻", Outcome.EMERGENCY),
        ("左边身子有点麻", Outcome.EMERGENCY),
        ("左手有点麻，说话也不利索", Outcome.EMERGENCY),
        ("踢球时脚踝扭了，肿得走不了", Outcome.URGENT),
        ("踢球时脚踝扭了，还能走，肿了一点", Outcome.NONE),
        ("流鼻血了，压一会儿就好了", Outcome.NONE),
    ],
)
def test_what_is_milder_has_its_own_outcome(text, outcome):
    assert look(text)[0] is outcome


def test_the_second_opinion_does_not_see_what_is_denied():
    assert _judge(plain("没有喘不上气，就是话说快了"), 0).rest == "没有，就是话说快了"
    assert _judge(plain("喘不上气"), 0).rest == "喘不上气"
