"""A sentence about a film, with known Moebius terms: "not" and "bad" interact."""

from spexcore.masks import Coalition

SENTENCE = "The film was not bad, but the ending felt rushed."
WORDS = ("The", "film", "was", "not", "bad", "but", "the", "ending", "felt", "rushed")
TERMS: dict[Coalition, float] = {
    (): 0.5,
    (3,): -2.0,
    (4,): -4.0,
    (3, 4): 9.0,
    (7, 9): -1.5,
    (5, 7, 9): -1.0,
    (1, 3, 4, 9): 0.5,
}
