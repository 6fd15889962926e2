"""The three families of anomalies that WanJuan-CC's rules look for: separators, characters, punctuation."""

from __future__ import annotations

from curate.rules import Rules, at_least, at_most


def separators(
    *,
    max_separator_share: float | None = 0.05,
    max_separator_token_share: float | None = 0.05,
    min_mean_line_length: float | None = 10.0,
) -> Rules:
    """Drop pages of separators, menus and broken lines.

    Why:
        Tables of contents, link lists and forum furniture survive extraction as runs of dashes, as words
        between bars, or as one word a line.
    Args:
        max_separator_share: marks in runs of four or more equal ones (----, ****, ....), of all visible
            characters, 0-1.
        max_separator_token_share: separators of menus and tables (| • » › → and tab), of all characters, 0-1.
        min_mean_line_length: mean length of lines that are not blank, in characters.
        Null switches a rule off.
    Renamed: max_field_share -> max_separator_token_share
    Drops:
        mostly_separators: ruled lines, dotted leaders, banners drawn with marks.
        mostly_menu_or_table: entries between bars, bullets, arrows or tabs.
        lines_too_short: one or two words a line.
    Cost:
        lines are measured at 500 to 900 MB/s, characters at about 300 MB/s, on one core
        (`python -m tests.bench.kernels`).
    Kept:
        "The harbour was quiet on the morning of the vote, and nobody had slept.\\n\\n* * *\\n\\nAt noon it rained."
        "港口在投票的早晨很安静，没有人睡觉。"
    Dropped:
        "Chapter 1 ............ 7\\nChapter 2 ............ 19" -> mostly_separators
        "Home | Shop | News | Help | Jobs" -> mostly_menu_or_table
        "Red\\nGreen\\nBlue\\nLarge\\nSmall" -> lines_too_short
    Source:
        InternLM2 (2403.17297), section 3.1.1, names "separators and line breaks" as the first of three families of
        anomalies its rules look for; the rules of WanJuan-CC (2402.19282) are not published. The rules and
        starting values are ours. They keep all of 4,446 English and 99.8 % of 17,008 Chinese
        Wikipedia articles, all of nine books, all of XQuAD's paragraphs in 12 languages but one.
    """
    return Rules(
        mostly_separators=at_most("text.separator_share", max_separator_share),
        mostly_menu_or_table=at_most("text.separator_token_share", max_separator_token_share),
        lines_too_short=at_least("lines.mean_length", min_mean_line_length),
    )


def characters(
    *,
    max_control_share: float | None = 0.01,
    max_mojibake_share: float | None = 0.02,
    max_symbol_share: float | None = 0.15,
    max_number_share: float | None = 0.4,
    min_letter_share: float | None = 0.4,
    max_commonest_share: float | None = 0.3,
) -> Rules:
    """Drop pages whose characters no language uses in such numbers.

    Why:
        Text in the wrong encoding, binary data taken for text, price lists, pages of pictographs.
    Args:
        max_control_share: control, private and unassigned characters and U+FFFD, of all characters, 0-1.
        max_mojibake_share: characters of pairs such as "Ã©" that UTF-8 read as Latin-1 leaves behind, of all
            characters, 0-1.
        max_symbol_share: symbols (currency, mathematics, pictographs), of all visible characters, 0-1.
        max_number_share: digits and other numbers, of all visible characters, 0-1.
        min_letter_share: letters, with the combining marks on them, of all visible characters, 0-1.
        max_commonest_share: the most frequent character, of all visible characters, 0-1; means something from
            a few dozen characters on.
        Null switches a rule off.
    Renamed: max_odd_share -> max_control_share
    Drops:
        broken_characters: bytes that are no text, or were decoded with the wrong table.
        wrong_encoding: UTF-8 read as Latin-1.
        too_many_symbols: pictographs, prices, formulas.
        mostly_numbers: tables of figures.
        too_few_letters: marks and numbers instead of words.
        one_character_everywhere: one character again and again.
    Cost:
        Measured in one pass with all of `text.*` and `punctuation.*`: about 300 MB/s on one core
        (`python -m tests.bench.kernels`).
    Kept:
        "The harbour was quiet on the morning of the vote, and nobody had slept."
        "हिन्दी भारत की भाषा है। "
    Dropped:
        "The gar\\ufffdon was \\ufffdlegant." -> broken_characters
        "Le garÃ§on Ã©tait Ã©lÃ©gant." -> wrong_encoding
        "US $ 2,400 + $ 100 = $ 2,500 + tax" -> too_many_symbols
        "2019 4711 0815 2020 4712 0816 total" -> mostly_numbers
        "aaaaaaaaaaaaaaaaaaaaaaa" -> one_character_everywhere
    Source:
        InternLM2 (2403.17297), section 3.1.1: "abnormal character frequency", the second family; rules and
        starting values are ours. They keep all of 4,446 English and 99.9 % of 17,008 Chinese Wikipedia
        articles, all of nine books and of XQuAD's paragraphs in 12 languages.
    """
    return Rules(
        broken_characters=at_most("text.control_share", max_control_share),
        wrong_encoding=at_most("text.mojibake_share", max_mojibake_share),
        too_many_symbols=at_most("text.symbol_share", max_symbol_share),
        mostly_numbers=at_most("text.number_share", max_number_share),
        too_few_letters=at_least("text.letter_share", min_letter_share),
        one_character_everywhere=at_most("text.commonest_share", max_commonest_share),
    )


def punctuation(
    *,
    min_punctuation_share: float | None = 0.004,
    max_punctuation_share: float | None = 0.3,
    max_repeated_share: float | None = 0.5,
) -> Rules:
    """Drop pages with hardly any punctuation, almost nothing else, or the same mark again and again.

    Why:
        People who write prose set full stops. Lists of keywords have none, shouting has ten in a row.
    Args:
        min_punctuation_share, max_punctuation_share: punctuation, of all visible characters, 0-1. In Thai,
            Lao, Khmer and Myanmar, where a space ends a phrase, it counts as punctuation.
        max_repeated_share: marks that follow an equal mark, of all marks, 0-1.
        Null switches a rule off.
    Drops:
        too_little_punctuation: keywords, tags, titles.
        mostly_punctuation: code, tables, drawings made of marks.
        repeated_punctuation: !!!!!!, ......, ------.
    Cost:
        Measured in one pass with all of `text.*` and `punctuation.*`: about 300 MB/s on one core
        (`python -m tests.bench.kernels`).
    Kept:
        "The harbour was quiet on the morning of the vote, and nobody had slept!!!"
    Dropped:
        "cheap shoes buy shoes online best price shoes" -> too_little_punctuation
        "(a).(b).(c).(d)" -> mostly_punctuation
        "Buy the best shoes in town now and save!!!!!!!!" -> repeated_punctuation
    Source:
        InternLM2 (2403.17297), section 3.1.1: "distribution of punctuation", the third family; rules and starting
        values are ours. They keep all of 4,446 English and 99.9 % of 17,008 Chinese Wikipedia articles, all
        of nine books and of XQuAD's paragraphs in 12 languages, and 99.7 % of film reviews.
    """
    return Rules(
        too_little_punctuation=at_least("punctuation.share", min_punctuation_share),
        mostly_punctuation=at_most("punctuation.share", max_punctuation_share),
        repeated_punctuation=at_most("punctuation.repeated_share", max_repeated_share),
    )
