"""What the demo town is called, where its people live and what they are called. All invented."""

from typing import Final

ZONES: Final = (
    ("Z01", "老城区", "Old Town"),
    ("Z02", "河东区", "East Bank"),
    ("Z03", "河西区", "West Bank"),
    ("Z04", "湖滨区", "Lakeside"),
    ("Z05", "南岭区", "South Ridge"),
    ("Z06", "北苑区", "North Gardens"),
    ("Z07", "高新区", "Science Park"),
    ("Z08", "港口区", "Harbour"),
    ("Z09", "青山区", "Green Hills"),
    ("Z10", "大学城", "University Town"),
    ("Z11", "泉眼区", "The Springs"),
    ("Z12", "东郊区", "Eastern Outskirts"),
)

POSTCODES: Final = tuple((f"99{zone:02d}00", zone - 1) for zone in range(1, len(ZONES) + 1))
"""Of the range 99, which nobody has been given."""

STREETS: Final = (
    "清泉路", "碧波街", "柳荫巷", "云水道", "望江路", "芙蓉街", "听雨巷", "石桥路", "古井街", "长堤路",
    "荷塘街", "松涛路", "梧桐街", "明月路", "朝阳街", "瑞雪路", "锦绣街", "春晖路", "银杏街", "渔歌路",
)  # fmt: skip

SURNAMES: Final = (
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "罗",
    "高", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "萧", "田", "董", "袁", "潘", "于",
    "欧阳", "上官", "司马", "诸葛",
)  # fmt: skip

GIVEN: Final = (
    "伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "霞", "平", "刚", "桂英",
    "建国", "秀兰", "志强", "海燕", "晓东", "雨桐", "子涵", "思远", "浩然", "梓萱", "一诺", "欣怡", "嘉豪",
    "美玲", "文博", "丽华", "国栋", "春梅", "玉珍", "俊峰", "雪莹", "家乐",
)  # fmt: skip

FIRST_NAMES: Final = (
    "Alice", "Brian", "Chloe", "Daniel", "Emma", "Frank", "Grace", "Henry", "Irene", "James", "Karen", "Liam",
    "Maria", "Nathan", "Olivia", "Peter", "Rachel", "Samuel", "Teresa", "Victor",
)  # fmt: skip

LAST_NAMES: Final = (
    "Anderson", "Baker", "Carter", "Dawson", "Ellis", "Foster", "Graham", "Hughes", "Irving", "Jensen", "Keller",
    "Lawson", "Mitchell", "Norton", "O'Brien", "Palmer", "Quinn", "Reeves", "Sinclair", "Turner",
)  # fmt: skip

TRADES: Final = ("餐饮", "洗染", "酒店", "食品", "纺织", "物业", "洗车", "酿造", "园艺", "健身")
FIRMS: Final = ("清源", "碧泉", "远航", "金穗", "鸿雁", "百川", "永安", "嘉禾", "晨曦", "天润")

CHANNELS: Final = ("wechat", "alipay", "bank", "counter", "direct_debit")
