"""What patients answer in their own words, held against every question of the plans we ship: the answer, or None where
it is not sure and is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.hospital.follow_up.correcting import corrected, corrects
from integrations.hospital.follow_up.plans import FOLDER, Plan, Question, load
from integrations.hospital.follow_up.reading import read_all
from integrations.hospital.models import Level
from integrations.language.script import normalise

PLANS = load(FOLDER)

CONDITION = {
    "better": """好多了 | 好多了，谢谢 | 好转了 | 有好转 | 已经好了 | 恢复得差不多了 | 没事了 | 好一些了 |
        好点了 | 好点儿了 | 差不多好了 | 强多了 | 轻松多了 | 好多了，没有不舒服 | 好多了，不难受了 |
        已经不疼了 | 不疼了，能走路了 | 舒服多了 | 比上次好一点 | 得劲多了 | 好咗好多 | 冇事啦 | 莫得事了 |
        好多了 就是还有点咳 | 缓解了不少 | 没那么难受了，好多了 | 越来越好，好多了 | 恢复得不错 | 嗯嗯好多了 |
        好多了，没有加重 | much better | I feel better | feeling fine now | better, thanks | I have recovered |
        a lot better, but a bit tired | it's improving | back to normal | not worse, better |
        越来越好了 | 恢复得挺好 | getting better every day""",
    "same": """差不多 | 跟以前一样 | 没变化 | 没什么变化 | 老样子 | 没有好转 | 没好转 | 还没好转 |
        还是老样子吧 | 还是那样 | 没见好 | 不见好 | 没啥变化 | 吃了药没什么效果 | 没有明显好转 | 没什么好转 |
        时好时坏 | 和就诊的时候差不多 | 病情没有好转 | 仲系咁 | 没感觉有好转，差不多 | 没加重也没好转 |
        about the same | no change | no better | not much better | still the same | no improvement |
        it hasn't improved | unchanged | not better yet, I hope to get better""",
    "worse": """更不舒服了 | 更严重了，没有好转 | 没有好转，更严重了 | 更疼了，睡不着 | 加重了 | 更难受了 |
        严重了 | 比以前更差了 | 更痛了 没睡好 | 恶化了 | 越来越疼 | 没好，反而更严重了 | 好了两天又严重了 |
        没什么效果，更厉害了 | 疼得受不了 | 没想到更严重了 | 没睡好，更疼了 | 吃了没用更疼了 | 还不如以前 |
        不但没好转，还加重了 | 没以前好，越来越重 | 一天比一天严重了 | 差咗好多 | 更 不舒服 了 | 变严重了 |
        好像更严重了 | 是更不舒服了 | 有加重 | worse | much worse | it's getting worse | no it is worse |
        not better, worse | worse, no improvement | I feel worse than before | it never stops, it hurts more |
        not really, it's worse | the pain is unbearable |
        不疼了 但是更肿了 | 不是没好转，是更严重了 | fine but worse at night | 白天好点，晚上更难受""",
    None: """不太好 | 不好 | 没好 | 不怎么好 | 没有加重 | 没有更严重 | 没变严重 | 希望快点好转 |
        什么时候能好转 | 好了几天又疼了 | 恢复得不好 | 恢复得很慢 | 好转不大 | 会不会加重 |
        疼得厉害，晚上才睡着 | 还行吧 | 一般般 | 还可以 | 头疼 | 谢谢 | 没有 | 是的 | 有 | 不是 | 嗯 |
        好转没有 | 不敢说好了 | 没好利索 | 一点没好 | 不能算好了 | 不是好多了 | 好多了又复发了 | 没有恢复 |
        不舒服 | 难受 | 感觉不对劲 | 怕加重 | 我在吃饭 | 你好 | 多少钱 | 不清楚 | not well |
        I don't feel better | I don't think it is better | not worse | I hope it gets better | so so | ok |
        nothing is better | it was better, but it came back | when will I be well |
        好转缓慢 | 应该好了吧 | 好像好点又好像没好 | 感冒好了，但是胸口疼 | 还是疼 | 慢慢恢复吧 | 哪里好了 |
        I was fine until yesterday | could be better | still hurts |
        好转了吗 | well, not really | well it still hurts | can't say I'm better | far from fine | 疼多了 | 没恶化""",
}
MEDICINE = {
    True: """按时吃了 | 吃了 | 都吃了 | 每天都吃 | 一直在吃 | 按时吃了，没有不舒服 | 没有不舒服，按时吃了 |
        没忘过 | 没漏 | 一次没落 | 从没断过 | 没有忘记吃药 | 没停 | 是的 | 有的 | 嗯 | 对 | 按时呢 |
        坚持吃着呢 | 药按时吃了 | 吃了 没什么不舒服 | 天天吃 | 用了 | 有食 | 食咗 | 基本按时 |
        按医生说的，按时服用 | 按时打了 | 准时吃的 | 当然 | 每天早上吃一片 | 没有漏服 | yes | yes I did |
        I took them all | every day | I never missed one | never forgot | I take it every day |
        took it, no side effects | on time | I didn't forget | always | yes, taken |
        没有间断 | 胰岛素天天打 | 没敢停 | 按点吃 | never once missed""",
    False: """没吃 | 没有 | 没 | 没按时 | 没按时吃 | 忘了 | 没记得吃 | 老是没记得 | 忘吃了两次 | 漏了一顿 |
        吃了就吐 | 吃了，全吐出来了 | 每次吃完就吐了 | 吃下去又吐 | 吃了一半 | 只吃了一次 | 一半时间吃了 |
        I threw it up |
        停了几天 | 没怎么吃 | 有时吃有时不吃 | 不吃了 | 吃了，忘了两次 | 按时吃了，就是漏了一次 | 大部分时间吃了 |
        不按时 | 自己停了 | 减了一半 | 吃完了没去买 | 懒得吃 | 没敢吃 | 断了三天 | 没坚持 | 想起来才吃 |
        没天天吃 | 不想吃 | 药没吃 | 没买到药 | 吃不下去 | 早上的没吃 | 没能按时吃 | 没食 | no | no I didn't |
        I forgot twice | missed a few | I stopped taking it | not every day | haven't | didn't take it |
        I skipped some days | I ran out | sometimes | not always on time | I took it but missed one |
        除了昨天都吃了 | 不规律 | 就昨天没吃 | 打针断了两天 | yes, but I missed one | all except one""",
    None: """不知道 | 什么药 | 头疼 | 没有不舒服 | 好的 | 今天天气不错 | 不疼 | 没睡好 | 135/85 | 还行 |
        药太苦 | hello | what medicine | I feel dizzy""",
}
FEET = {
    True: """有 | 有的 | 是的 | 有个水泡，不疼 | 破了一块皮，没感觉 | 有个水泡 不疼 | 脚上有个水泡 不疼 |
        起了个泡 | 起泡了 | 破了 | 烂了 | 大脚趾发黑 | 脚趾有点紫 | 左脚有个口子 | 磨破了皮，不要紧 |
        没感觉，破了个口 | 不疼，就是破了点皮 | 有点变色 | 颜色变深了 | 没破，就是有点紫 | 没起泡，有个小口子 |
        不疼不痒，有个水泡 | 有一处 | 红肿了 | 裂口子了 | 流脓了 | 脚后跟裂了 | 没有水泡，破了点皮 |
        脚没事，破了点皮 | 水泡没有破 | 泡破了 | 脚底板烂咗 | 起了两个血泡 | 不太正常 | 有点 | 好像有 | 右脚有 |
        没啥感觉，烂了一块 | 脚 上 有 个 泡 | yes | a small blister, no pain | there is a blister |
        I have a cut but it doesn't hurt | my toe is black | no pain, but a blister | one toe looks purple |
        broken skin on my heel | yes, a little one | an open sore | not normal |
        没事 就蹭破点皮 | 掉了块皮 | 指甲黑了 | 颜色不对 | no, just a small blister |
        脚上没有破，腿上破了 | 有水泡没破 | 可能有 | no cuts, but it is red""",
    False: """没有 | 没 | 都没有 | 没有水泡 | 没有破口水泡 | 没有破口、水泡，也没有变色 | 没破 | 脚没事 |
        都好好的 | 正常 | 没有的 | 没发现 | 没起泡 | 挺好，没有破 | 没有，都正常 | 冇 | 没得 | 暂时没有 |
        这几天没有 | 不红不肿 | 没有破也没有水泡 | 没问题 | 脚很好 | 没有任何异常，都正常 | 没变色 |
        没发黑没破 | 没有没有 | 水泡没有，破口也没有 | no | nope | none | no blisters | no wounds or blisters |
        no wound, blister or change of colour | feet are fine | nothing | no, feet are fine | not at all |
        all normal |
        没伤口 | 看了，没有 | 颜色正常 | 水泡没了 | no open wounds | nothing wrong | no problem |
        没有水泡没有破口颜色正常 | 无异常，没破 | no new blisters""",
    None: """不疼 | 没感觉 | 没什么感觉 | 脚麻 | 脚凉 | 不痒 | 不知道 | 每天泡脚 | 好的 | 没看 | 是不是水泡 |
        空腹6.1 | 没疼 | 吃了药 | 我看看 | 会不会烂 | 嗯不知道 | it doesn't hurt | no feeling |
        my feet are cold | not sure | hello | numb |
        不知道是不是破了 | 有没有我也看不见 | 脚没知觉 | a callus |
        没有吧 | 应该没有 | 还没好""",
}
WOUND = {
    "dry": """干净 | 干净、干燥 | 干净干燥 | 挺好的 | 长好了 | 伤口正常 | 很干净，不红不肿 | 愈合得不错 |
        愈合了 | 结痂了 | 长好了，没有渗液 | 没有渗血，干净的 | 没红没肿没渗，挺好 | 不红不肿，没流脓 |
        没有红肿，也没有渗血 | 干干的 | 没事 | 没有问题，干净 | 恢复得挺好 | 消肿了，干净 | 好得很 | 蛮好 |
        没有红肿渗液 | 红肿、渗液都没有 | 冇事 | 干爽 | 伤口没问题，长上了 | 没有红肿流脓，挺好 | clean |
        clean and dry | it's dry | healing well | looks good, no redness or pus | no bleeding, it is clean |
        no redness, swelling or pus | dry, no pus |
        没有红，没有肿，没有渗 | 不肿了，不红了，也不流水了 | no open cut, dry |
        没有一点红肿，也不渗 | itchy but dry | no more pus, clean""",
    "red": """有点红肿 | 红 | 有点肿 | 周围红了 | 有点红，没流脓 | 干净，有点红 | 肿了 | 还有点红肿 |
        红肿，不渗 | 长好了就是有点肿 | 摸着有个硬块 | 有点红 没有渗血 | 稍微有点发红 | 有点鼓 |
        没有渗液，就是红 | 肿得厉害 | red | a little red | slightly swollen, no pus | some redness |
        clean but a bit red | no bleeding but it is swollen""",
    "leaking": """渗血 | 流脓了 | 裂开了 | 没长好，流脓了 | 伤口没长好，流脓了 | 没长好流脓了 |
        伤口不干净，有点渗液 | 伤口不干净 有点渗液 | 有点流血 | 出血了 | 化脓了 | 线崩开了 | 流黄水 |
        没怎么好，渗水 | 不疼，但是渗血 | 没红肿，流脓了 | 没有红肿，但是渗血 | 干净，就是有点渗 |
        挺好的，有点渗血 | 没注意，裂开了 | 没发烧，流脓 | 有脓 | 渗液没有干 | 一直渗 | 臭味 | 烂了 |
        流血没有止住 | 不小心裂开了 | 没看到干净，都是脓 | 咳嗽没忍住裂开了 | 是不是化脓了，流黄水 | 灌脓咗 |
        渗 血 | bleeding | there is pus | it opened | it's not clean, some pus | it hasn't stopped bleeding |
        it does not stop bleeding | no fever but pus | oozing a bit | no redness, but it is bleeding |
        it split open |
        结痂掉了，有点血 | 纱布上有血 | 好是好，就是有点黄水 | 流了点血 | 血止不住 | 出脓了""",
    None: """没长好 | 不干净 | 不太干净 | 还没愈合 | 愈合得不好 | 长得很慢 | 没有红肿 | 没有流脓 | 没渗血 |
        是不是化脓了 | 有没有流脓我看不到 | 怕裂开 | 不正常 | 还没拆线 | 看不见 | 包着呢 | 痒 | 疼 | 没有 | 没 |
        是的 | 一般 | 恢复得不好 | 挺好，就是发烧 | 不知道 | 希望早点长好 | 不好 | 没拆纱布 | not clean |
        not dry | it isn't healing | no pus | I can't see it | is it infected | itchy | not good | hello |
        看着正常，摸着烫 | 应该正常 | 湿的 | 发炎了 | 干净，有点湿 |
        正常吗 | is it normal | good I hope | 愈合不良 | 恢复不太好 | 还没拆线""",
}
COMPLAINT = {
    "none": """没有 | 没 | 都没有 | 没有不舒服 | 没有头晕 | 没头晕 | 没有头晕头痛胸闷 | 没有头晕、头痛、胸闷 |
        不晕 | 头不晕 | 不晕不疼 | 没什么不舒服 | 挺好 | 一切正常 | 没有，挺好的 | 都没有，谢谢 |
        头晕没有，头痛也没有 | 没有的 | 一点都不晕 | 没啥 | 好着呢 | 冇 | 莫得 | 没得事 | 没有不舒服的 |
        没有任何症状 | 没事 | 没有没有 | 暂时没有 | 不头晕了 | no | none | no dizziness |
        no headaches or dizziness | not at all | I'm fine | no symptoms | not dizzy | nope |
        没晕过 | 一点点都没有 | 不难受 |
        头晕头痛胸闷都没有 | 没觉得头晕 | 无头晕头痛 | none of these""",
    "mild": """有一点 | 有点头晕 | 头有点晕 | 偶尔头晕 | 有时候头疼 | 有点胸闷 | 没有头晕，有点头痛 |
        头晕，不厉害 | 稍微有点 | 有点，不严重 | 早上有点晕，现在没有了 | 有些头昏 | 一阵阵的 |
        有点晕，没有胸闷 | 没有，早上有点晕 | 一点点 | 有啲头晕 | 轻微 | 隐隐的疼 | 有时晕 没吃药 | a little |
        a bit dizzy | sometimes | slightly | a mild headache | no chest pain, a little dizzy | not too bad""",
    "severe": """很厉害 | 厉害 | 头晕得厉害 | 胸闷得厉害睡不着 | 胸闷得厉害，睡不着 | 头疼得厉害，没睡 |
        疼得受不了 | 晕得站不住 | 很严重 | 没有头晕，头疼得厉害 | 没有胸闷，就是晕得厉害 | 头痛欲裂受不了 |
        没吃药，晕得厉害 | 头要炸了 | 晕得不行 | 很晕 | 特别晕 | 疼得要命 | 不是有点，是很厉害 | 有点厉害 |
        痛得凶 | 晕得很 | 胸口闷得很 | 难受死了 | 不能动，一动就晕得厉害 | 头好犀利 疼 | 没有胸痛 头晕很严重 |
        badly | very dizzy | terrible headache | no dizziness but a severe headache |
        the headache is really bad | I can't sleep, terrible | awful |
        有，挺严重 | 胸闷喘不上气 | yes badly""",
    None: """头晕 | 胸闷 | 头疼 | 有 | 是的 | 有的 | 睡不着 | 没睡好 | 没有头晕，头疼 | 没有，就是睡不着 |
        没有头晕，但是心慌 | 不舒服 | 不好 | 不太好 | 难受 | 心慌 | 恶心 | 会不会很严重 | 不太舒服 | 还行 |
        不知道 | 挺好，就是头晕 | 血压高 | 吃了 | 没吃药 | 有不舒服 | 你好 | 什么意思 | 腿麻 | 没力气 | yes |
        dizzy | my chest hurts | no but my head hurts | not well | not good | I can't sleep | headaches |
        numb |
        不太晕 | 没那么厉害 | 不怎么晕 | 没什么感觉 | 晕倒了一次 | 天旋地转 | 一直晕 | 没有胸闷，走快了喘 | often |
        没有以前晕 | 没有头晕了，但是走路不稳 | 没有头晕，看东西模糊 | 没有，就是手麻 | no but tired |
        nothing serious""",
}
PAIN = {
    0.0: """0 | 不疼 | 不痛 | 一点都不疼 | 没有疼 | 已经不疼了 | 不疼了 | 没有 | 0分 | 伤口不疼 | 冇痛 |
        不疼不痒 | 完全不痛 | 没什么感觉 | no pain | not at all | it doesn't hurt | none""",
    2.0: """2 | 2分 | 两分 | 大概2分 | 现在2分 | 昨天5分，今天2分 | 满分10分我给2分 | 2/10 | 10分制2分吧 |
        术后第5天，2分 | 1到2分 | 晚上8点疼醒，2分 | 2 out of 10 | about 2 | yesterday 6, now 2 |
        0-10里面选2""",
    8.0: """8 | 八分 | 8分，睡不着 | 7到8分 | 7-8分 | 昨天3分，今天8分 | 疼，8分，没法睡 |
        没有10分，不过现在有8分 | an 8 | 8, can't sleep | now 8 |
        七八分""",
    10.0: """10 | 10分 | 十分 | 十分，睡不着 | 十分吧 | 疼得受不了 | 疼死了 | 疼得要命，没睡着 |
        痛得受不了，没办法走路 | unbearable | I can't stand it, no sleep""",
    None: """疼 | 有点疼 | 十分疼 | 疼得厉害 | 疼得没法睡 | 疼得睡不着，没胃口 | 不疼了，就是走路疼得厉害 | 没睡着 |
        没办法睡 | 疼得没感觉了 | 一阵阵疼 | 一动就疼 | 一咳嗽就疼得厉害 | 还好 | 能忍 | 不怎么疼 |
        昨天3分，后来8分 | 晚上疼醒没睡 | 你好 | 没注意 | 吃了止痛药不管用 | 没有以前那么疼 |
        a lot of pain, no sleep | no sleep because of pain | it hurts | some""",
}
PRESSURE = {
    (
        130,
        80,
    ): """130/80 | 130 80 | 高压130低压80 | 早上130/80 | 血压130/80 |
        晚上测的130/80 | 130/80 tonight | 130 over 80 | 不对，是130/80 | 血压128/80，写错了，是130/80 |
        不对，不是190/110，是130/80 | sorry, 130/80, not 190/110 | 写错了，不是早上190/110，是早上130/80""",
    (
        190,
        110,
    ): """190/110 | 晚上测的190/110 | 下午量的190/110 |
        昨天130/80，今天190/110 | 今天190/110 昨天130/80 | 190/110 tonight | 190/110，是不是太高了 |
        不对，不是130/80，是190/110 | 早上190/110，晚上应该是150/90 | sorry, 190/110 this morning, 150/90 now |
        actually 190/110 this morning, 150/90 now | 写错了，早上190/110，晚上150/90 | 不是，190/110，晚上150/90 |
        不对，我不是很舒服，血压190/110，昨天130/80 | 不对，不是190/110 |
        明天再去医院，今天190/110 | 190/110 不舒服 没吃药""",
    None: """没量 | 挺好 | 正常 | 有点高 | 晚上再量 | 血压高 | 不知道 | high | no""",
}
SUGAR = {
    6.1: """6.1 | 空腹6.1 | 空腹血糖6.1 | 六点一 | 早上空腹6.1 | 下午测的6.1 | fasting 6.1 | 6.1 tonight""",
    18.0: """18 | 餐后18 | 饭后两小时18 | 早上空腹6.1，饭后18 | 晚上测的18 | 饭后18，空腹6.1 |
        after dinner 18""",
    None: """没测 | 正常 | 有点高 | 还好 | high""",
}
WEIGHT = {62.0: "62公斤 | 体重62 | 62kg | 124斤 | 晚上称的62公斤", None: "没称 | 胖了 | 差不多 | same"}
TEMPERATURE = {
    36.8: "36.8 | 36度8 | 体温36.8 | 三十六度八 | 下午量的36.8 | 36.8度，不发烧",
    38.9: "38.9 | 38度9 | 烧到38.9 | 昨天36.5度，今天38.9度 | 晚上量的38.9 | 昨天36.5今天38.9 | 38.9 tonight",
    None: "没量 | 不烧 | 正常 | 没发烧 | no fever",
}
TOLD: dict[tuple[str, str], dict[Any, str]] = {
    ("after_visit", "condition"): CONDITION,
    ("after_visit", "medicine"): MEDICINE,
    ("diabetes", "sugar"): SUGAR,
    ("diabetes", "weight"): WEIGHT,
    ("diabetes", "medicine"): MEDICINE,
    ("diabetes", "feet"): FEET,
    ("hypertension", "pressure"): PRESSURE,
    ("hypertension", "medicine"): MEDICINE,
    ("hypertension", "complaint"): COMPLAINT,
    ("after_surgery", "temperature"): TEMPERATURE,
    ("after_surgery", "pain"): PAIN,
    ("after_surgery", "wound"): WOUND,
}


def asked(plan_id: str, question_id: str) -> tuple[Plan, Question]:
    plan = PLANS.by_id[plan_id]
    question = plan.question(question_id)
    assert question
    return plan, question


def sentences() -> Iterator[Any]:
    for (plan_id, question_id), answers in TOLD.items():
        for meant, said in answers.items():
            for text in (one.strip() for one in said.split("|")):
                yield pytest.param(plan_id, question_id, text, meant, id=f"{question_id}-{text}")


def plain(value: Any) -> Any:
    """130/80 as a pair, another measurement as its number."""
    if isinstance(value, dict):
        return (value["systolic"], value["diastolic"]) if "systolic" in value else value["value"]
    return value


@pytest.mark.parametrize(("plan_id", "question_id", "text", "meant"), list(sentences()))
def test_what_is_asked_alone(plan_id: str, question_id: str, text: str, meant: Any) -> None:
    """As the chat reads it while the question is open and the others are not."""
    _, question = asked(plan_id, question_id)
    reads = read_all(PLANS, [question], question, normalise(text), {})
    assert [plain(read.value) for read in reads] == ([] if meant is None else [meant])


def test_every_question_that_is_read_is_in_the_table() -> None:
    read = {
        (plan.id, one.id) for plan in PLANS.by_id.values() for one in plan.questions if one.kind != "text"
    }
    assert read == set(TOLD)


@pytest.mark.parametrize(
    ("plan_id", "open_question", "text", "told"),
    [
        ("diabetes", "feet", "脚没事，就是大拇指破了", {"feet": True}),
        ("diabetes", "medicine", "吃了，脚破了点皮", {"medicine": True, "feet": True}),
        ("diabetes", "sugar", "空腹6.1，药按时打了，脚没事", {"sugar": 6.1, "medicine": True, "feet": False}),
        ("diabetes", "sugar", "空腹6.1 药忘打了 脚没事，起了个泡", {"sugar": 6.1, "medicine": False, "feet": True}),
        ("diabetes", "sugar", "fasting 6.1, took my pills, a blister on my foot, no pain",
         {"sugar": 6.1, "medicine": True, "feet": True}),
        ("hypertension", "pressure", "135/85，药按时吃了，没有头晕",
         {"pressure": (135, 85), "medicine": True, "complaint": "none"}),
        ("hypertension", "pressure", "135/85 药没吃 胸闷得厉害睡不着",
         {"pressure": (135, 85), "medicine": False, "complaint": "severe"}),
        ("hypertension", "medicine", "按时吃了，没有不舒服", {"medicine": True, "complaint": "none"}),
        ("after_surgery", "temperature", "36.8，不疼，伤口没长好，流脓了",
         {"temperature": 36.8, "pain": 0, "wound": "leaking"}),
        ("after_surgery", "temperature", "36.8，疼3分，伤口挺好，有点渗水",
         {"temperature": 36.8, "pain": 3, "wound": "leaking"}),
        ("after_surgery", "pain", "不疼，伤口有点红", {"pain": 0, "wound": "red"}),
        ("after_surgery", "pain", "3, the wound is clean", {"pain": 3, "wound": "dry"}),
        ("after_visit", "condition", "更难受了，药没吃", {"condition": "worse", "medicine": False}),
        ("after_visit", "condition", "much better and I took my pills", {"condition": "better", "medicine": True}),
    ],
)  # fmt: skip
def test_several_in_one_go(plan_id: str, open_question: str, text: str, told: dict[str, Any]) -> None:
    plan, current = asked(plan_id, open_question)
    reads = read_all(PLANS, plan.questions, current, normalise(text), {})
    found = {read.question.id: plain(read.value) for read in reads if read.question.kind != "text"}
    assert found == told


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("不对，是更不舒服了", "是更不舒服了"),
        ("不对，流脓了", "流脓了"),
        ("点错了，是好多了", "是好多了"),
        ("说错了，没吃", "没吃"),
        ("不是好多了，是更疼了", "更疼了"),
        ("不是，血压应该是125/80", "血压，125/80"),
        ("sorry, it is 128/80", "it is 128/80"),
        ("no, I mean 125/80", "no, ，125/80"),
        ("actually it got worse", "it got worse"),
        ("wrong button, I feel worse", "I feel worse"),
        ("不对", ""),
        ("按错了", ""),
        ("没戴眼镜看错了，是150/90", "没戴眼镜，，是150/90"),
        ("没看错，不对，是150/90", "是150/90"),
        ("不，写错了，150/90", "不，，，150/90"),
        ("no, I misread it, 150/90", "no, I，it, 150/90"),
        ("刚才答错了", ""),
        ("哦不对不对", ""),
        ("wrong", ""),
        ("sorry, that was a mistake", ""),
    ],
)
def test_taking_back(text: str, instead: str) -> None:
    assert corrects(text)
    assert "".join(corrected(text).split()) == "".join(instead.split())


NO_CORRECTION = """打错针了 | 我弄错药了，多吃了两片 | 医生说错过最佳时机了 |
    现在150/95，是不是还高 | 是不是太高了 | 感觉不对劲 | 不是很疼 | 不是每天吃 | 恢复得不错了 | 不是 |
    没错 | 药改成一天两次了 | 150/95，对不对 | 150/95，不是很舒服，是有点晕 | 是不是量错了 | 不是特别好 | 头不是很晕 |
    I'd rather wait | nothing is wrong | I actually feel fine | sorry for the late reply, 150/95 |
    sorry, but I feel bad | no, 150/95 | something is wrong with my foot | no dizziness |
    我没看错，现在降到150/90了 | 没量错，刚又量了一次血压150/90 | 没写错，就是350 | 没搞错 |
    我没有看错 | 没有把数字看错 | 没打错了 | 不会量错的，150/90 | 不可能看错，150/90 | 没记错的话是150/90 |
    不是写错，就是350 | I didn't misread it | I did not misread it, 150/90 | I didn't mistype it |
    it's not a typo, 150/90 | that is no mistake, 150/90 | I haven't mistyped it | never made a mistake, 150/90"""


@pytest.mark.parametrize("text", [one.strip() for one in NO_CORRECTION.split("|")])
def test_not_taking_back(text: str) -> None:
    assert not corrects(text)


def test_a_temperature_that_may_alarm_does() -> None:
    """38度多 is up to 38.9, and above 38.4 it alarms."""
    plan, question = asked("after_surgery", "temperature")
    [read] = read_all(PLANS, plan.questions, question, normalise("三十八度多"), {})
    assert read.level is Level.ALARM


@pytest.mark.parametrize(
    ("text", "score"),
    [("刚才3，现在8", 8), ("刚才7，现在3", 3), ("昨天3分，刚才8分", 8), ("今早3，刚才8", None), ("now 8, today 3", 8)],
)  # fmt: skip
def test_of_several_scores_that_of_this_moment_counts(text: str, score: float | None) -> None:
    _, question = asked("after_surgery", "pain")
    reads = read_all(PLANS, [question], question, normalise(text), {})
    assert [read.value for read in reads] == ([] if score is None else [score])


@pytest.mark.parametrize(
    "text",
    ["没事，就是眼前发黑", "没有不舒服，就是血压高", "都没有，只是睡得晚", "all fine, except my sleep"],
)
def test_a_no_with_something_behind_it_is_asked_again(text: str) -> None:
    _, question = asked("hypertension", "complaint")
    assert read_all(PLANS, [question], question, normalise(text), {}) == []
