"""What is said is what was meant: an independent reader gets every value back from its words."""

import cn2an
import pytest

from cti.domain.events import Language
from ivr.ports import AccountDigits, Count, Date, Day, Digits, Duration, Money, Month, Phone, Time, Value, Words
from ivr.prompts import numerals
from ivr.prompts.catalogue import all_days
from ivr.prompts.errors import UnsayableError
from ivr.prompts.wording import MOST_FEN, phrases, say, spelt_out, suffix


@pytest.mark.parametrize(("language", "read"), [("zh", numerals.zh_fen), ("en", numerals.en_fen)])
def test_every_amount_under_ten_thousand_yuan_is_read_back(language: Language, read) -> None:  # type: ignore[no-untyped-def]
    wrong = [fen for fen in range(1_000_000) if read(say(Money(fen), language)) != fen]
    assert wrong == []


def test_mandarin_numerals_are_what_another_library_says() -> None:
    wrong = [
        number
        for number in range(1, 10_000)
        if say(Money(number * 100), "zh").replace("两", "二").removesuffix("元") != _by_library(number)
    ]
    assert wrong == []


def _by_library(number: int) -> str:
    return str(cn2an.an2cn(str(number), "low"))


BY_HAND = [
    # fen, Mandarin, English, the rule
    (0, "零元", "zero yuan", "nothing has a unit too"),
    (5, "五分", "zero yuan oh five", "fen alone is heard as yuan"),
    (2, "两分", "zero yuan oh two", "两 leads a measure (八百词)"),
    (50, "五角", "zero yuan fifty", ""),
    (105, "一元零五分", "one yuan oh five", "零 where jiao is left out"),
    (110, "一元一角", "one yuan ten", ""),
    (200, "两元", "two yuan", "两 leads a measure (八百词)"),
    (222, "两元二角二分", "two yuan twenty-two", "两 leads, 二 follows (八百词)"),
    (1000, "十元", "ten yuan", "十, not 一十, when it leads"),
    (1200, "十二元", "twelve yuan", "二 inside a number"),
    (1600, "十六元", "sixteen yuan", "十, not 一十, when it leads"),
    (2000, "二十元", "twenty yuan", "二 before 十 (八百词)"),
    (8640, "八十六元四角", "eighty-six yuan forty", ""),
    (10100, "一百零一元", "one hundred and one, yuan", "零 for an empty place"),
    (11000, "一百一十元", "one hundred ten yuan", "一十 after a hundred; Asterisk says 一百十"),
    (11600, "一百一十六元", "one hundred sixteen yuan", "一十 after a hundred"),
    (20000, "二百元", "two hundred yuan", "二 before 百 (八百词 allows both)"),
    (100000, "一千元", "one thousand yuan", ""),
    (100100, "一千零一元", "one thousand and one, yuan", "one 零 for two empty places"),
    (101000, "一千零一十元", "one thousand and ten yuan", ""),
    (110000, "一千一百元", "one thousand one hundred yuan", ""),
    (208061, "两千零八十元六角一分", "two thousand and eighty yuan sixty-one", "两 before 千 when it leads"),
    (222222, "两千二百二十二元二角二分", "two thousand two hundred twenty-two yuan twenty-two", ""),
    (1000000, "一万元", "ten thousand yuan", ""),
    (1000100, "一万零一元", "ten thousand and one, yuan", ""),
    (2200000, "两万二千元", "twenty-two thousand yuan", "两 leads, 二 follows (八百词)"),
    (10203040, "十万二千零三十元四角", "one hundred and two thousand and thirty yuan forty", ""),
]


@pytest.mark.parametrize(("fen", "zh", "en", "rule"), BY_HAND)
def test_awkward_amounts_are_said_as_the_rules_have_it(fen: int, zh: str, en: str, rule: str) -> None:
    assert (say(Money(fen), "zh"), say(Money(fen), "en")) == (zh, en), rule


def test_all_366_days_are_read_back() -> None:
    days = list(all_days())
    assert len(days) == 366
    for day in days:
        assert numerals.zh_day(say(day, "zh")) == (day.month, day.day)
        assert numerals.en_day(say(day, "en")) == (day.month, day.day)


def test_all_months_of_a_century_are_read_back() -> None:
    for month in (Month(year, number) for year in range(2000, 2100) for number in range(1, 13)):
        assert numerals.zh_month(say(month, "zh")) == (month.year, month.month)
        assert numerals.en_month(say(month, "en")) == (month.year, month.month)


def test_a_year_is_spelt_in_mandarin_and_set_off_in_english() -> None:
    assert say(Month(2026, 10), "zh") == "二零二六年十月"
    assert say(Month(2026, 10), "en") == "October, two thousand twenty-six"


def test_days_are_ranks() -> None:
    assert say(Day(2, 2), "zh") == "二月二日"
    assert say(Day(12, 30), "en") == "December thirtieth"
    assert say(Day(11, 25), "en") == "November twenty-fifth"


def test_digits_are_read_back() -> None:
    for digits in ("0", "1", "77221356", "1234567", "00000000", "11017"):
        assert numerals.zh_digits(say(Digits(digits), "zh")) == digits
        assert numerals.en_digits(say(Digits(digits), "en")) == digits
    assert say(Digits("77221356"), "zh") == "七七二二，一三五六"
    assert say(Digits("77221356"), "en") == "seven seven two two, one three five six"


def test_every_minute_of_a_day_is_read_back() -> None:
    for hour in range(24):
        for minute in range(60):
            time = Time(hour, minute)
            assert numerals.zh_time(say(time, "zh")) == (hour, minute), say(time, "zh")
            assert numerals.en_time(say(time, "en")) == (hour, minute), say(time, "en")


TIMES_BY_HAND = [
    (0, 0, "凌晨零点", "midnight"),
    (2, 5, "凌晨两点零五分", "two oh five at night"),
    (8, 30, "上午八点三十分", "eight thirty in the morning"),
    (12, 0, "中午十二点", "noon"),
    (12, 45, "中午十二点四十五分", "twelve forty-five in the afternoon"),
    (14, 0, "下午两点", "two o'clock in the afternoon"),
    (22, 2, "晚上十点零二分", "ten oh two at night"),
]


@pytest.mark.parametrize(("hour", "minute", "zh", "en"), TIMES_BY_HAND)
def test_times_are_said_as_people_say_them(hour: int, minute: int, zh: str, en: str) -> None:
    assert (say(Time(hour, minute), "zh"), say(Time(hour, minute), "en")) == (zh, en)


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("人民路28号至102弄", "人民路二十八号至一百零二弄", None),
        ("２号楼", "二号楼", None),
        ("13800138000", "幺三八零零幺三八零零零", None),
        ("Road 28 to 102", None, "Road twenty-eight to one hundred and two"),
        ("Block 007", None, "Block zero zero seven"),
        ("no numbers", None, "no numbers"),
    ],
)
def test_numbers_in_written_words_are_spelt_out(text: str, zh: str | None, en: str | None) -> None:
    assert zh is None or spelt_out(text, "zh") == zh
    assert en is None or spelt_out(text, "en") == en


def test_written_words_are_said_as_they_are() -> None:
    streets = Words("人民路二十八号", "Renmin Road")
    assert (say(streets, "zh"), say(streets, "en")) == ("人民路二十八号", "Renmin Road")
    assert suffix(streets) == suffix(Words("人民路二十八号", "Renmin Road")) != suffix(Words("人民路", "Renmin Road"))


def test_counts_are_read_back() -> None:
    for number in (*range(12_000), 99_999, 100_000, 1_000_001, 20_000_000):
        assert numerals.zh_number(say(Count(number), "zh")) == number
        assert numerals.en_number(say(Count(number), "en")) == number


@pytest.mark.parametrize(
    "value",
    [Money(-1), Money(MOST_FEN + 1), Month(1999, 1), Month(2026, 13), Day(2, 30), Day(0, 1), Day(4, 31),
     Time(24, 0), Time(0, 60), Words("", ""), Words("2", "2"), Digits(""), Digits("12a"), Digits("１２"), Count(-1)],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_no_value_is_refused(value: Value, language: Language) -> None:
    with pytest.raises(UnsayableError):
        say(value, language)


def test_suffixes_name_the_value() -> None:
    values: list[Value] = [Money(8640), Month(2026, 1), Day(2, 9), Digits("0772"), Count(3)]
    assert [suffix(value) for value in values] == ["8640", "2026-01", "02-09", "0772", "3"]


def test_phrases_add_up_to_the_words() -> None:
    assert phrases(Money(208061), "zh") == ("两千", "零八十元", "六角一分")
    assert phrases(Money(208061), "en") == ("two thousand", "and", "eighty yuan", "sixty-one")


OTHERS_BY_HAND: list[tuple[Value, str, str]] = [
    (Date(2026, 11, 25), "二零二六年十一月二十五日", "November twenty-fifth, two thousand twenty-six"),
    (Date(2030, 2, 2), "二零三零年二月二日", "February second, two thousand thirty"),
    (Duration(0), "零分钟", "zero minutes"),
    (Duration(1), "一分钟", "one minute"),
    (Duration(62), "一小时两分钟", "one hour two minutes"),
    (Duration(2 * 1440 + 120), "两天两小时", "two days two hours"),
    (Phone("13800138000"), "幺三八，零零幺三，八零零零", "one three eight, zero zero one three, eight zero zero zero"),
    (Phone("+8612345"), "八六幺，二三四五", "eight six one, two three four five"),
    (Phone("96000"), "九，六零零零", "nine, six zero zero zero"),
    (AccountDigits("10000004"), "一零零零，零零零四", "one zero zero zero, zero zero zero four"),
]


@pytest.mark.parametrize(("value", "chinese", "english"), OTHERS_BY_HAND, ids=[str(v[0]) for v in OTHERS_BY_HAND])
def test_dates_durations_and_numbers_by_hand(value: Value, chinese: str, english: str) -> None:
    assert (say(value, "zh"), say(value, "en")) == (chinese, english)


@pytest.mark.parametrize(
    "value",
    [Date(2026, 2, 29), Date(1999, 1, 1), Duration(-1), Duration(10**6), Phone(""), Phone("12a"), Phone("1" * 16)],
    ids=repr,
)
def test_what_is_no_such_value_is_not_said(value: Value) -> None:
    with pytest.raises(UnsayableError):
        say(value, "zh")


@pytest.mark.parametrize("length", range(1, 16))
def test_no_digit_of_a_phone_number_is_lost(length: int) -> None:
    digits = ("1234567890" * 2)[:length]
    spelt = say(Phone(digits), "en").replace(",", "").split()
    assert len(spelt) == length
    assert suffix(Phone("+" + digits)) == digits
