"""Players of a text: where they lie, and that nothing of the text is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spexcore.errors import BadInput
from spexcore.lenses.spans import split

ODD = [
    "😀",
    "👍🏽",
    "👨‍👩‍👧",
    "1️⃣",
    "你好",
    "ひらがな",
    "カタカナ",
    "한국어",
    "e\u0301",
    "ﬁ",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u0301",
]
ODD += [
    "\r\n",
    "\t",
    " ",
    "\u3000",
    "don't",
    "a-b",
    "3.5",
    "word",
    "ÄÖ",
    ".",
    "!?",
    "…",
    "。",
    "»",
    '"',
    "[",
    "]",
    "<s>",
    "$x$",
    "**",
]
texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(ODD), max_size=25).map("".join))


@pytest.mark.parametrize("spans", ["words", "sentences", "lines"])
@given(text=texts)
@example(text="The plot\r\nwas e\u0301te\u0301 😀👍🏽\t你好.")
def test_pieces_give_the_text_back_byte_for_byte(spans, text):
    try:
        found = split(text, spans)
    except BadInput:
        assert not found_anything(text, spans)
        return
    assert "".join(piece for piece, _ in found.pieces) == text
    assert [piece for piece, player in found.pieces if player is not None] == list(found.players)
    assert [player for _, player in found.pieces if player is not None] == list(range(len(found.players)))
    assert all(player.strip() for player in found.players)


def found_anything(text, spans):
    return any(c.isalnum() for c in text) if spans == "words" else bool(text.strip())


@given(parts=st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_marks_are_taken_out_and_nothing_else(parts):
    parts = [
        (fixed.replace("[", "").replace("]", ""), inner.replace("[", "").replace("]", "")) for fixed, inner in parts
    ]
    parts = [(fixed, inner) for fixed, inner in parts if inner.strip()]
    if not parts:
        return
    found = split("".join(f"{fixed}[[{inner}]]" for fixed, inner in parts), "marked")
    assert found.text == "".join(fixed + inner for fixed, inner in parts)
    assert found.players == tuple(inner for _, inner in parts)


@pytest.mark.parametrize(
    ("text", "players"),
    [
        ('The plot wasn\'t "bad."', ("The", "plot", "wasn't", "bad")),
        ("It cost $5.50, 1,000 or 50%.", ("It", "cost", "5.50", "1,000", "or", "50")),
        ("a well-made film—really", ("a", "well-made", "film", "really")),
        ("我不喜欢 it", ("我", "不", "喜", "欢", "it")),
        ("カタカナ 한국어", ("カタカナ", "한국어")),
        ("so good 😀👍🏽!", ("so", "good", "😀👍🏽")),
        ("e\u0301te\u0301 ok", ("e\u0301te\u0301", "ok")),
        ("<img src=x onerror=alert(1)>", ("img", "src", "x", "onerror", "alert", "1")),
        ("Yes", ("Yes",)),
    ],
)
def test_words_are_what_a_person_expects(text, players):
    assert split(text, "words").players == players


@pytest.mark.parametrize(
    ("text", "players"),
    [
        ('Mr. Smith left. He said "Hi!" So?', ("Mr. Smith left.", 'He said "Hi!"', "So?")),
        ("Then... nothing! 3.5 units", ("Then...", "nothing!", "3.5 units")),
        ("你好。再见！ok", ("你好。", "再见！", "ok")),
        ("One line\r\n\r\nanother. And more", ("One line", "another.", "And more")),
    ],
)
def test_sentences_end_where_a_reader_pauses(text, players):
    assert split(text, "sentences").players == players


def test_lines_leave_blank_ones_out():
    assert split(" a b \n\n c\r\nd", "lines").players == ("a b", "c", "d")


@pytest.mark.parametrize(
    ("text", "spans", "says"),
    [
        ("", "words", "empty"),
        (" \n", "lines", "empty"),
        ("!!! ...", "words", "tokens"),
        ("a b", "syllables", "words"),
        ("a [[b", "marked", "]]"),
        ("a b]]", "marked", "[["),
        ("[[a [[b]]]]", "marked", "[["),
        ("a [[]] b", "marked", "between"),
        ("plain", "marked", "[[player]]"),
    ],
)
def test_what_cannot_be_split_is_refused_with_a_way_out(text, spans, says):
    with pytest.raises(BadInput) as refused:
        split(text, spans)
    assert says in str(refused.value)
