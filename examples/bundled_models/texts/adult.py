"""Train `adult`: pornography and its advertising, in English and Chinese, from word lists and addresses only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from curate.classifiers.examples import Examples
from examples.bundled_models.texts.passages import english
from examples.bundled_models.texts.recipe import Recipe, labelled
from examples.bundled_models.texts.sources import Data, passages, sample
from examples.bundled_models.texts.toxicity import ours

NOT_ADULT = frozenset(
    [
        "how to kill",
        "how to murder",
        "neonazi",
        "swastika",
        "white power",
        "darkie",
        "negro",
        "nigger",
        "nigga",
        "coon",
        "coons",
        "beaner",
        "beaners",
        "honkey",
        "jigaboo",
        "jiggaboo",
        "jiggerboo",
        "kike",
        "paki",
        "pikey",
        "raghead",
        "slanteye",
        "spic",
        "spastic",
        "towelhead",
        "wetback",
        "mong",
        "nig nog",
        "god damn",
        "bullshit",
        "shit",
        "shitty",
        "apeshit",
        "piece of shit",
        "santorum",
        "tainted love",
        "wet dream",
        "beaver cleaver",
        "bullet vibe",
        "eunuch",
        "rape",
        "raping",
        "rapist",
        "date rape",
        "daterape",
        "fecal",
        "rectum",
        "urethra play",
        "suck",
        "sucks",
        "bastard",
        "bastardo",
        "bollocks",
        "twinkie",
        "skeet",
    ]
)
"""Entries of the list of bad words that are insults, violence or ordinary words."""

MINORS = re.compile(
    r"teen|young|child|kid|school|girl|boy|loli|lolita|shota|jail ?bait|nymphet|pthc|p[a]?edo|nambla|fetus|幼|童|萝莉|学生|少女|处女|嫩|未成年",
    re.I,
)
"""Entries and addresses that match are not used: no text is made of them, and ordinary words stay ordinary."""

MEDICAL = re.compile(
    r"\b(sex\w*|breast\w*|penis|vagina\w*|anal|anus|nipples?|nud\w+|naked|porn\w*|erotic\w*|orgasm\w*|lesbian\w*|gay|"
    r"prostitut\w*|genital\w*|semen|sperm|masturbat\w*|rape[sd]?|escorts?|intercourse|testic\w+|brothel\w*)\b",
    re.I,
)
"""Words for selecting harmless texts that a word list would block."""

FURNITURE = [
    "free videos",
    "photos",
    "gallery",
    "watch",
    "download",
    "new",
    "top rated",
    "most viewed",
    "categories",
    "models",
    "members",
    "join now",
    "enter",
    "18+",
    "adults only",
    "live",
    "chat",
    "cams",
    "online",
    "HD",
    "full",
    "movies",
    "clips",
    "pics",
    "tube",
    "hot",
    "best",
    "amateur",
    "login",
    "sign up",
    "tags",
    "comments",
    "duration",
    "views",
    "stories",
    "site",
    "welcome",
    "exit",
    "warning",
    "webcam",
    "profile",
    "hookup",
    "singles",
    "meet",
    "local",
]


def made_up(words: Sequence[str], furniture: Sequence[str], glue: str, n: int, seed: int) -> list[str]:
    """Return `n` texts of 3 to 14 listed words, mixed with words that are typical of web pages."""
    random, found = Random(seed), []
    for _ in range(n):
        parts = [random.choice(words) for _ in range(random.randint(3, 14))]
        parts += random.choices(furniture, k=int(len(parts) * random.uniform(0.3, 1.5)))
        random.shuffle(parts)
        found.append(random.choice([" ", ", ", " | ", "\n"] if glue else ["", "，", " "]).join(parts))
    return found


def mixed(words: Sequence[str], texts: Sequence[str], n: int, seed: int) -> list[str]:
    """Return `n` passages with 4 to 12 listed words inserted at random positions."""
    random, found = Random(seed), []
    for text in random.choices(texts, k=n):
        tokens = text.split()[:90]
        for _ in range(random.randint(4, 12)):
            tokens.insert(random.randint(0, len(tokens)), random.choice(words))
        found.append(" ".join(tokens))
    return found


def addresses(data: Data) -> list[str]:
    """Return the words in the addresses of adult pages."""
    found = []
    for line in data.lines("lists/ut1/adult/urls.txt.gz"):
        host, _, path = line.partition("/")
        words = re.sub(r"%[0-9a-f]{2}|\b\w*\d\w*\b|[^a-z]+", " ", path.lower()).split()
        if (
            len(words) > 3
            and not MINORS.search(line)
            and "pics" not in host
            and not re.search(r"quora|tumblr|archive", host)
        ):
            found.append(" ".join(words))
    return found


def examples(data: Data) -> Examples:
    """Return the training data of `adult`."""
    words = [w for w in data.lines("lists/badwords/en.txt") if w not in NOT_ADULT and not MINORS.search(w)]
    chinese = [
        word
        for name in ("zh-sensitive/porn-a.txt", "zh-sensitive/porn-b.txt")
        for word in data.lines(f"lists/{name}")
        if len(word) > 1 and not MINORS.search(word)
    ]
    clean = english(data, 2500, 500)
    articles = passages(data.texts("text/enwiki.parquet", 2500, 4), 500)
    reviews = passages([text.replace("<br />", "\n") for text in data.texts("text/imdb-sample.parquet", 4000, 4)], 500)
    risky = {
        f"{name}, with words of the kind": [t for t in found if MEDICAL.search(t)]
        for name, found in (("enwiki", articles), ("imdb", reviews))
    }
    zhwiki = sample(passages(data.texts("text/zhwiki.parquet", 3000, 2), 120), 2500)
    insults, mild = ours()
    names = [" ".join(random_words) for random_words in _menus(clean["agnews"])]
    return labelled(
        "adult",
        {
            "lists": made_up(words, FURNITURE, " ", 4000, 0) + mixed(words, clean["imdb"] + clean["agnews"], 1500, 1),
            "addresses": addresses(data) * 3,
            "Chinese lists": made_up(
                chinese, ["在线观看", "免费", "视频", "图片", "下载", "网站", "论坛", "会员"], "", 1500, 2
            )
            + mixed(chinese, zhwiki, 500, 3),
        },
        {
            **clean,
            **{name: found * 3 for name, found in risky.items()},
            "furniture": made_up(FURNITURE, names, " ", 1500, 4),
            "spam-sms": data.texts("labels/spam-sms.jsonl.gz"),
            "our insults": sample(insults, 1500) + mild,
            "zhwiki": zhwiki,
            "thucnews": data.texts("text/thucnews-titles.jsonl.gz", 2000),
            "cold": data.texts("labels/toxicity-cold-dev.jsonl.gz", 2000),
        },
    )


def _menus(texts: Sequence[str]) -> list[list[str]]:
    random = Random(5)
    return [random.choice(texts).split()[: random.randint(1, 4)] for _ in range(3000)]


RECIPE = Recipe(
    name="adult",
    positive="adult",
    examples=examples,
    others=lambda data: {},
    threshold=0.7,
    use="`porn_score` of English and Chinese text, `chunk: 2000`, the highest chunk counts. Cut at 0.7 beside lists of words "
    "and addresses; what it finds is nearly always pornography, what it does not find may be, too.",
    limits="There were no labelled pages. Positive texts were put together by a program from word lists, addresses of adult "
    "sites and page furniture; negative ones are real, and passages with medical and sexual words count three times. So it "
    "was validated only on short texts that we wrote (menus, warnings, titles, advertisements as against medicine, sex "
    "education, news, fiction, law, names of places), and those are cleaner than the web. Trust a high score; do not trust "
    "a low one: erotic prose, euphemism, other languages and new slang get by. Entries about minors were left out of what "
    "it was trained on and it does not look for such material.",
)
