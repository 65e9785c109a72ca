"""Binary BCH codes: the parity of a coalition names its players, also when some parity bits are wrong.

A shortened narrow-sense BCH code over GF(2^m) with designed distance 2t + 1. Bit i of a message says whether player i
is in the coalition; `parity` maps messages to parity bits. Read the parity bits of an unknown coalition: the word
(0, parity) lies within t errors of (message, true parity), so decoding the *errors* of the all-zero message gives it.
Arithmetic is by log tables; every function works on all words at once (n_words, ...).
Source: Lin and Costello, Error Control Coding, ch. 6; as delays of a Fourier transform: Kang et al., ICML 2025, sec. 3.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput

Bits = NDArray[np.bool_]
Elements = NDArray[np.int64]  # of the field: 0 .. 2^m - 1
Found = tuple[Bits, Elements]  # which words decode, (n_words,); positions of their errors, (n_words, t), -1 where none

# x^m + ... + 1, primitive, as bits
PRIMITIVE = {
    3: 0b1011, 4: 0b10011, 5: 0b100101, 6: 0b1000011, 7: 0b10001001, 8: 0b100011101, 9: 0b1000010001, 10: 0b10000001001,
    11: 0b100000000101, 12: 0b1000001010011, 13: 0b10000000011011, 14: 0b100010001000011,
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """GF(2^m) by tables: exp[i] = alpha^i, log its inverse; log[0] points into the zeros at the end of exp."""

    m: int

    @property
    def order(self) -> int:
        """Number of elements other than 0."""
        return 2**self.m - 1

    @cached_property
    def exp(self) -> Elements:
        powers, element = [], 1
        for _ in range(self.order):
            powers.append(element)
            element = element << 1 ^ (PRIMITIVE[self.m] if element >> (self.m - 1) else 0)
        return np.array(powers * 2 + [0] * (2 * self.order + 1))

    @cached_property
    def log(self) -> Elements:
        log = np.full(self.order + 1, 2 * self.order)
        log[self.exp[: self.order]] = np.arange(self.order)
        return log

    def product(self, a: Elements, b: Elements) -> Elements:
        return self.exp[self.log[a] + self.log[b]]

    def ratio(self, a: Elements, b: Elements) -> Elements:
        """a / b; b must not be 0."""
        return self.exp[np.where(a == 0, 2 * self.order, (self.log[a] - self.log[b]) % self.order)]

    def minimal_polynomial(self, exponent: int) -> int:
        """Bits of the smallest binary polynomial with root alpha^exponent."""
        conjugates = {exponent * 2**i % self.order for i in range(self.m)}
        polynomial = np.array([1])
        for conjugate in conjugates:
            root = np.full(1, self.exp[conjugate])
            polynomial = np.append(0, polynomial) ^ np.append(self.product(polynomial, root), 0)
        return sum(int(bit) << i for i, bit in enumerate(polynomial))


@dataclass(frozen=True)
class Code:
    """A BCH code for n_players message bits that corrects any `radius` wrong bits; made by `code_for`."""

    n_players: int
    radius: int
    field: Field
    generator: int

    @property
    def n_parity(self) -> int:
        return self.generator.bit_length() - 1

    @cached_property
    def parity(self) -> Bits:
        """Parity bits of each player alone, (n_players, n_parity): x^(n_parity + i) modulo the generator."""
        rows, remainder = [], self.generator ^ 1 << self.n_parity
        for _ in range(self.n_players):
            rows.append([remainder >> j & 1 for j in range(self.n_parity)])
            remainder <<= 1
            remainder ^= self.generator if remainder >> self.n_parity else 0
        return np.array(rows, dtype=bool).reshape(self.n_players, self.n_parity)

    @cached_property
    def syndrome_of_bit(self) -> Elements:
        """alpha^(i j) for parity bit j and i = 1, 3, ..., 2t - 1, (n_parity, radius)."""
        exponents = np.outer(np.arange(self.n_parity), 2 * np.arange(self.radius) + 1)
        return self.field.exp[exponents % self.field.order]

    def syndromes(self, parity: Bits) -> Elements:
        """Odd syndromes, (n_words, radius), of the words (0, parity); parity (n_words, n_parity)."""
        total = np.zeros((len(parity), self.radius), dtype=np.int64)
        for j, row in enumerate(self.syndrome_of_bit):
            total[parity[:, j]] ^= row
        return total

    def decode(self, parity: Bits) -> Found:
        """Coalitions behind parity bits (n_words, n_parity), right whenever |coalition| + wrong bits <= radius.

        Returns which words decode and the players, (n_words, radius), increasing, padded by -1 in front. A word farther
        than the radius from every codeword does not decode.
        """
        return self._players(*locate(self, self.syndromes(parity)))

    def decode_soft(self, soft: NDArray[np.float64], n_flips: int) -> Found:
        """Coalitions behind soft parity bits (n_words, n_parity), 0 is +1 and 1 is -1, by Chase's second algorithm.

        All 2^n_flips changes of the least reliable bits are decoded; the coalition that correlates best is kept.
        """
        parity, weakest = soft < 0, np.argsort(np.abs(soft), axis=1, kind="stable")[:, :n_flips]
        tries = self.syndromes(parity)[:, None]  # (n_words, 1, radius), doubled by each flip
        for flip in self.syndrome_of_bit[weakest].swapaxes(0, 1):
            tries = np.concatenate([tries, tries ^ flip[:, None]], axis=1)
        n_words, n_tries, radius = tries.shape
        distinct, back = np.unique(tries.reshape(-1, radius), axis=0, return_inverse=True)
        decodes, players = self._players(*locate(self, distinct))
        word, attempt = np.nonzero(decodes[back].reshape(n_words, n_tries))
        players = players[back.reshape(n_words, n_tries)[word, attempt]]
        match = (soft[word] * (1 - 2.0 * self.encode(players))).sum(axis=1)
        return _best(n_words, word, players, match)

    def encode(self, players: Elements) -> Bits:
        """Parity bits (n_words, n_parity) of coalitions given by players (n_words, any), -1 for none."""
        padded = np.vstack([self.parity, np.zeros(self.n_parity, dtype=bool)])
        return np.logical_xor.reduce(padded[players], axis=1)

    def _players(self, decodes: Bits, positions: Elements) -> Found:
        """Positions of wrong bits as players: parity bits come first, and are dropped."""
        return decodes, np.sort(np.where(positions >= self.n_parity, positions - self.n_parity, -1), axis=1)


@lru_cache(maxsize=64)
def code_for(n_players: int, radius: int) -> Code:
    """The shortest code that holds n_players and corrects `radius` errors; raises BadInput when tables end."""
    for m in PRIMITIVE:
        field = Field(m)
        if 2 * radius > field.order:
            continue
        generator = 1
        for factor in {field.minimal_polynomial(i) for i in range(1, 2 * radius, 2)}:
            generator = _product(generator, factor)
        if field.order - (generator.bit_length() - 1) >= n_players:
            return Code(n_players, radius, field, generator)
    raise BadInput(
        f"`max_order` must leave room for {n_players:,} players in a code of length {2 ** max(PRIMITIVE) - 1:,}; "
        f"got {radius}. Lower it or group players."
    )


def locate(code: Code, syndromes: Elements) -> Found:
    """Error positions, (n_words, radius), exponents of x or -1, of words with odd syndromes (n_words, radius)."""
    locator, n_errors = berlekamp_massey(code.field, syndromes)
    decodes = n_errors == 0
    positions = np.full(syndromes.shape, -1)
    for degree in range(1, code.radius + 1):
        rows = np.flatnonzero((n_errors == degree) & (locator[:, degree] != 0))
        rows = rows[splits(code.field, locator[rows, : degree + 1])]
        for block in np.array_split(rows, len(rows) // 4096 + 1):
            roots = _is_root(code, locator[block, : degree + 1])
            full = roots.sum(axis=1) == degree  # the others have roots among the positions the shortening removed
            decodes[block[full]] = True
            positions[block[full], :degree] = np.nonzero(roots[full])[1].reshape(-1, degree)
    return decodes, positions


def berlekamp_massey(field: Field, odd: Elements) -> tuple[Elements, Elements]:
    """Error locators (n_words, t + 1), constant term 1, and their lengths (n_words,), from odd syndromes (n_words, t).

    For binary words every second discrepancy is 0, so t steps do. A length above t means no word within t errors.
    """
    n_words, t = odd.shape
    syndrome = np.zeros((n_words, 2 * t + 1), dtype=np.int64)  # syndrome[:, i] is S_i
    for i in range(1, 2 * t + 1):
        syndrome[:, i] = odd[:, i // 2] if i % 2 else field.product(syndrome[:, i // 2], syndrome[:, i // 2])
    locator, shifted = np.zeros((2, n_words, t + 1), dtype=np.int64)
    locator[:, 0] = shifted[:, 1] = 1
    length, last = np.zeros(n_words, dtype=np.int64), np.ones(n_words, dtype=np.int64)
    for step in range(1, 2 * t, 2):
        reach = min(step, t + 1)
        terms = field.product(locator[:, :reach], syndrome[:, step : step - reach : -1])
        discrepancy = np.bitwise_xor.reduce(terms, axis=1)
        longer = (discrepancy != 0) & (2 * length < step)
        update = locator ^ field.product(field.ratio(discrepancy, last)[:, None], shifted)
        shifted = np.where(longer[:, None], locator, shifted)
        shifted = np.pad(shifted, ((0, 0), (2, 0)))[:, : t + 1]
        last, length = np.where(longer, discrepancy, last), np.where(longer, step - length, length)
        locator = update
    return locator, length


def splits(field: Field, locator: Elements) -> Bits:
    """Which locators (n_words, degree + 1) have `degree` distinct roots in the field.

    Those for which z^(2^m) = z modulo the reciprocal: no search over positions, where nearly all words of Chase fail.
    """
    degree = locator.shape[1] - 1
    low = locator[:, :0:-1]  # reciprocal without its leading 1: coefficients of z^0 .. z^(degree - 1)
    powers = [low]  # z^degree, z^(degree + 1), ... modulo the reciprocal
    for _ in range(degree, 2 * degree - 2):
        carry = field.product(powers[-1][:, -1:], low)
        powers.append(np.pad(powers[-1], ((0, 0), (1, 0)))[:, :-1] ^ carry)
    start = np.zeros_like(low)
    start[:, min(1, degree - 1)] = 1
    start = low.copy() if degree == 1 else start
    power = start
    for _ in range(field.m):
        square = field.product(power, power)
        power = np.zeros_like(low)
        for j in range(degree):
            if 2 * j < degree:
                power[:, 2 * j] ^= square[:, j]
            else:
                power ^= field.product(square[:, j : j + 1], powers[2 * j - degree])
    return (power == start).all(axis=1)


def _is_root(code: Code, locator: Elements) -> Bits:
    """Chien search, (n_words, n_parity + n_players): where alpha^-position is a root of each locator."""
    field, positions = code.field, np.arange(code.n_parity + code.n_players)
    value = np.repeat(locator[:, :1], len(positions), axis=1)
    for i in range(1, locator.shape[1]):
        value ^= field.product(locator[:, i : i + 1], field.exp[-i * positions % field.order])
    return value == 0


def _best(n_words: int, word: Elements, players: Elements, match: NDArray[np.float64]) -> Found:
    """Of the candidates of each word the one that matches best."""
    order = np.lexsort((match, word))
    last = order[np.append(word[order][1:] != word[order][:-1], True)] if len(order) else order
    decodes, chosen = np.zeros(n_words, dtype=bool), np.full((n_words, players.shape[1]), -1)
    decodes[word[last]], chosen[word[last]] = True, players[last]
    return decodes, chosen


def _product(a: int, b: int) -> int:
    """Of two binary polynomials given as bits."""
    return 0 if not b else (a if b & 1 else 0) ^ _product(a << 1, b >> 1)
