"""Filter the three kinds of anomalies that WanJuan-CC names: separators, characters, punctuation."""

from __future__ import annotations

from curate.params import NotNegative, Share
from curate.rules import Rules, at_least, at_most


def separators(
    *,
    max_separator_share: Share | None = 0.05,
    max_separator_token_share: Share | None = 0.05,
    min_mean_line_length: NotNegative | None = 10.0,
) -> Rules:
    """Drop pages of separators, menus and broken lines.

    Why:
        After extraction, tables of contents, link lists and forum navigation are left as runs of dashes, words between
        vertical bars, or one word per line.
    Args:
        max_separator_share: share of visible characters that are in runs of at least four equal marks (----, ****,
            ....), 0-1.
        max_separator_token_share: share of all characters that are separators of menus and tables (| • » › → and tab),
            0-1.
        min_mean_line_length: mean length of lines that are not blank, in characters, 0 or more.
        Null disables a rule.
    Renamed: max_field_share -> max_separator_token_share
    Drops:
        mostly_separators: ruled lines, dotted leaders, ASCII-art banners.
        mostly_menu_or_table: entries between vertical bars, bullets, arrows or tabs.
        lines_too_short: one or two words per line.
    Cost:
        On one core, line signals take 500 to 900 MB/s, character signals about 300 MB/s
        (`python -m tests.bench.kernels`).
    Kept:
        "The harbour was quiet on the morning of the vote, and nobody had slept.\\n\\n* * *\\n\\nAt noon it rained."
        "港口在投票的早晨很安静，没有人睡觉。"
    Dropped:
        "Chapter 1 ............ 7\\nChapter 2 ............ 19" -> mostly_separators
        "Home | Shop | News | Help | Jobs" -> mostly_menu_or_table
        "Red\\nGreen\\nBlue\\nLarge\\nSmall" -> lines_too_short
    Source:
        InternLM2 (2403.17297), section 3.1.1, names "separators and line breaks" as the first of three kinds of
        anomalies that its rules detect; the rules of WanJuan-CC (2402.19282) are not published. The rules and default
        thresholds are our own. They keep all of 4,446 English and 99.8 % of 17,008 Chinese Wikipedia articles, all of
        nine books, and all of XQuAD's paragraphs in 12 languages but one.
    """
    return Rules(
        mostly_separators=at_most("text.separator_share", max_separator_share),
        mostly_menu_or_table=at_most("text.separator_token_share", max_separator_token_share),
        lines_too_short=at_least("lines.mean_length", min_mean_line_length),
    )


def characters(
    *,
    max_control_share: Share | None = 0.01,
    max_mojibake_share: Share | None = 0.02,
    max_symbol_share: Share | None = 0.15,
    max_number_share: Share | None = 0.4,
    min_letter_share: Share | None = 0.4,
    max_commonest_share: Share | None = 0.3,
) -> Rules:
    """Drop pages with a distribution of characters that no natural language has.

    Why:
        It reveals text in the wrong encoding, binary data read as text, price lists and pages of emoji.
    Args:
        max_control_share: share of all characters that are control, private-use or unassigned characters or
            U+FFFD, 0-1.
        max_mojibake_share: share of all characters in pairs such as "Ã©", which result from UTF-8 decoded as Latin-1,
            0-1.
        max_symbol_share: share of visible characters that are symbols (currency, mathematics, emoji), 0-1.
        max_number_share: share of visible characters that are digits or other numbers, 0-1.
        min_letter_share: share of visible characters that are letters, with their combining marks, 0-1.
        max_commonest_share: share of visible characters that are the most frequent one, 0-1; meaningful for texts of at
            least a few dozen characters.
        Null disables a rule.
    Renamed: max_odd_share -> max_control_share
    Drops:
        broken_characters: binary data, or text decoded with the wrong encoding.
        wrong_encoding: UTF-8 decoded as Latin-1.
        too_many_symbols: emoji, prices, formulas.
        mostly_numbers: tables of figures.
        too_few_letters: punctuation and numbers instead of words.
        one_character_everywhere: one character repeated throughout.
    Cost:
        About 300 MB/s on one core, in one pass with all `text.*` and `punctuation.*` signals
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
        InternLM2 (2403.17297), section 3.1.1: "abnormal character frequency", the second kind of anomaly. The rules and
        default thresholds are our own. They keep all of 4,446 English and 99.9 % of 17,008 Chinese Wikipedia articles,
        and all of nine books and of XQuAD's paragraphs in 12 languages.
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
    min_punctuation_share: Share | None = 0.004,
    max_punctuation_share: Share | None = 0.3,
    max_repeated_share: Share | None = 0.5,
) -> Rules:
    """Drop pages with too little, too much or repeated punctuation.

    Why:
        Prose has full stops. Keyword lists have none, and promotional text has ten exclamation marks in a row.
    Args:
        min_punctuation_share, max_punctuation_share: share of visible characters that are punctuation marks, 0-1. In
            Thai, Lao, Khmer and Myanmar a space ends a phrase and counts as a punctuation mark.
        max_repeated_share: share of punctuation marks that follow an equal mark, 0-1.
        Null disables a rule.
    Drops:
        too_little_punctuation: keywords, tags, titles.
        mostly_punctuation: code, tables, ASCII art.
        repeated_punctuation: !!!!!!, ......, ------.
    Cost:
        About 300 MB/s on one core, in one pass with all `text.*` and `punctuation.*` signals
        (`python -m tests.bench.kernels`).
    Kept:
        "The harbour was quiet on the morning of the vote, and nobody had slept!!!"
    Dropped:
        "cheap shoes buy shoes online best price shoes" -> too_little_punctuation
        "(a).(b).(c).(d)" -> mostly_punctuation
        "Buy the best shoes in town now and save!!!!!!!!" -> repeated_punctuation
    Source:
        InternLM2 (2403.17297), section 3.1.1: "distribution of punctuation", the third kind of anomaly. The rules and
        default thresholds are our own. They keep all of 4,446 English and 99.9 % of 17,008 Chinese Wikipedia articles,
        all of nine books and of XQuAD's paragraphs in 12 languages, and 99.7 % of film reviews.
    """
    return Rules(
        too_little_punctuation=at_least("punctuation.share", min_punctuation_share),
        mostly_punctuation=at_most("punctuation.share", max_punctuation_share),
        repeated_punctuation=at_most("punctuation.repeated_share", max_repeated_share),
    )
