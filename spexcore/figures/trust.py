"""How far a run may be trusted, in words: how it was made, how it was judged, and whether its claims held."""

from spexcore.explanation import Explanation
from spexcore.figures.words import COUNT, amount, quantity
from spexcore.removal import Removal

#: Order of removal -> how a reader knows it.
REMOVED_BY = {"terms": "by terms", "single effects": "by single effects", "random": "at random"}
CLOSE = 0.01  # R2 within which two spectra predict alike; share of the variance that is worth a word
#: Lens -> what an explanation calls the whole that ablations take parts from.
_WHOLE = {"prompt": "the prompt", "components": "the whole model", "training": "the full training set"}


def trust(explanation: Explanation) -> str:
    """How far the spectrum may be trusted, in one line."""
    judged, whole = explanation.faithfulness, _WHOLE.get(explanation.lens, "the whole")
    if not judged.n_held_out:
        return "faithfulness not known: no game came with the file"
    return f"held-out R² {judged.r2:.2f}, near {whole} {judged.r2_near:.2f} (error {judged.mae_near:.2f})"


def made(explanation: Explanation) -> str:
    """How it was made, in a few words: WalshGP · 512 masks, 497 paid."""
    if explanation.imported:
        return "imported, nothing evaluated here"
    name = explanation.estimator.get("name")
    return f"{name} · {explanation.masks_asked:,} masks, {explanation.masks_paid:,} paid"


def grounds(explanation: Explanation) -> dict[str, str]:
    """What stands behind `trust`, a sentence each by its name; a run file of an older version has fewer."""
    judged = explanation.faithfulness
    if not judged.n_held_out:
        return {"Faithfulness": f"{trust(explanation).capitalize()}."}
    whole = _WHOLE.get(explanation.lens, "the whole")
    near = f"near {whole} {judged.r2_near:.2f}{_within(judged.r2_near_interval)}, error {judged.mae_near:.2f}"
    found = {"Held-out R²": f"{judged.r2:.2f}{_within(judged.r2_interval)}, error {judged.mae:.2f}; {near}."}
    if judged.by_size:
        most = max(judged.by_size)
        enough = next((size for size, r2 in judged.by_size.items() if r2 >= judged.r2 - CLOSE), most)
        found["Terms"] = f"The {enough:,} largest of {most:,} predict as well as all of them: R² within {CLOSE:.2f}."
    if judged.energy:
        orders = [f"{100 * share:.0f} % order {order}" for order, share in judged.energy.items() if share >= CLOSE]
        found["Variance"] = f"{', '.join(orders)}."
    if judged.removal:
        found["Removing parts"] = _undone(explanation, judged.removal)
    return found


def _within(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" (95 % {ends[0]:.2f} … {ends[1]:.2f})"


def _undone(explanation: Explanation, removal: Removal) -> str:
    """One size of the removal curve: three parts, or the most that were removed."""
    k = min(3, len(removal.sizes) - 1)
    parts = "part" if removal.sizes[k] == 1 else f"{COUNT.get(removal.sizes[k], removal.sizes[k])} parts"
    told = ", ".join(f"{amount(removal.values[name][k])} ({how})" for name, how in REMOVED_BY.items())
    whole = f"{quantity(explanation).name} {amount(removal.values['terms'][0])} as it stands"
    return f"{whole}; with {parts} really removed {told}."


def confirmed(explanation: Explanation) -> str:
    """The confirmation rate in one line; "" where nobody has asked for it, or there is no term."""
    found = explanation.confirmation
    if found is None or found.rate is None:
        return ""
    held, first = sum(c.confirmed for c in found.claims), sum(c.first_hand for c in found.claims)
    own = f"; {first} of them measured by the run itself" if first else ""
    return f"Confirmation rate {100 * found.rate:.0f} %: {held} of the {len(found.claims)} leading terms hold{own}"
