"""The weight w(s, u) of a Fourier coefficient of order u in the score of a coalition of order s, for every index.

Each follows from the index's weights on Moebius coefficients (notes of the literature: Fujimoto et al. 2006 for SII and
BII, Sundararajan et al. 2020 for STII, Tsai et al. 2023 for FSII and FBII) by a(T) = (-2)^|T| sum_{U >= T} F(U):
w(s, u) = sum_{t = s..u} C(u - s, t - s) (-2)^t v(s, t). The alternating sums are closed or done in whole fractions.
"""

from collections.abc import Callable
from fractions import Fraction
from math import comb

INDICES = ("fourier", "mobius", "comobius", "sv", "bv", "sii", "stii", "fsii", "bii", "fbii")


def weight(index: str, order: int) -> Callable[[int, int], float]:
    """w(s, u) of one of INDICES but fourier, which has nothing to weigh; fsii, fbii and stii have max_order `order`.

    Any two sizes may be asked for; those with s > u are never added to anything.
    """
    return {
        "mobius": _mobius,
        "comobius": lambda s, u: 2.0**s * (-1.0) ** u,
        "sv": lambda s, u: _sii(s, u) if s else 1.0,
        "bv": _bii,
        "sii": _sii,
        "stii": lambda s, u: _stii(s, u, order),
        "fsii": lambda s, u: _fsii(s, u, order),
        "bii": _bii,
        "fbii": lambda s, u: (-2.0) ** s if u <= order else 0.0,
    }[index]


def _mobius(s: int, u: int) -> float:
    return (-2.0) ** s


def _bii(s: int, u: int) -> float:
    """(-2)^s F(S): v(s, t) = 2^{s-t} makes every larger coefficient cancel."""
    return (-2.0) ** s if s == u else 0.0


def _sii(s: int, u: int) -> float:
    """v = 1 / (t - s + 1), the integral of p^{t-s}; hence (-2)^s times that of (1 - 2p)^{u-s} over 0..1."""
    return (-2.0) ** s / (u - s + 1) if (u - s) % 2 == 0 else 0.0


def _stii(s: int, u: int, order: int) -> float:
    """v = 1 / C(t, l) at s = l; below l the Moebius coefficient."""
    if s < order or not order:
        return (-2.0) ** s
    return float(sum(Fraction(comb(u - s, t - s) * (-2) ** t, comb(t, order)) for t in range(s, u + 1)))


def _fsii(s: int, u: int, order: int) -> float:
    """Moebius, plus (-1)^{l-s} s/(l+s) C(l, s) C(t-1, l) / C(t+l-1, l+s) of every coefficient beyond l."""
    if u <= order or not s:
        return (-2.0) ** s
    beyond = sum(
        Fraction(comb(u - s, t - s) * (-2) ** t * comb(t - 1, order), comb(t + order - 1, order + s))
        for t in range(order + 1, u + 1)
    )
    return float((-2) ** s + (-1) ** (order - s) * Fraction(s * comb(order, s), order + s) * beyond)
