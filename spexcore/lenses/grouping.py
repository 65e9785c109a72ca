"""Training examples as players: one name an example; examples of one name are kept or removed together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spexcore.errors import BadInput
from spexcore.lenses.examples import Examples

GROUPINGS = ("duplicates", "clusters", "staged")
SINGLE = 96  # rows up to which every example may be a player
ALIKE = 0.92  # cosine from which two texts of one label are near-duplicates
CLUSTERS = 40
STAGED_SINGLES, STAGED_GROUPS = 64, 32  # at most 128 players between them
_SHOWN = 60  # characters of a text in a name

Array = NDArray[Any]


def automatic(n_rows: int) -> str | None:
    """How a table of this length is grouped where nobody says."""
    return None if n_rows <= SINGLE else "staged"


def single_names(texts: Sequence[str]) -> list[str]:
    """One name a row: its number and its text."""
    return [f"{row}: {_short(text)}" for row, text in enumerate(texts)]


def column_names(column: Sequence[object], n_rows: int) -> list[str]:
    """The names of a column that somebody gives."""
    if isinstance(column, str):
        raise BadInput(f"`groups` must be {', '.join(GROUPINGS)}, None or one name a row; got {column!r}.")
    if len(column) != n_rows:
        raise BadInput(f"`groups` must have one name a row; got {len(column)} for {n_rows} rows.")
    return [str(name).strip() or "(no group)" for name in column]


def duplicate_names(examples: Examples, features: Array) -> list[str]:
    """Near-duplicates of one label under one name, the others alone."""
    names = single_names(examples.texts)
    for cluster in near_duplicates(examples, features):
        together = f"{'+'.join(map(str, cluster[:6]))}{'+...' if len(cluster) > 6 else ''}"
        for row in cluster:
            names[row] = f"{together}: {_short(examples.texts[cluster[0]])}"
    return names


def near_duplicates(examples: Examples, features: Array, alike: float = ALIKE) -> list[list[int]]:
    """Rows of one label linked by a cosine of at least `alike`, in clusters of two and more."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs: list[Array] = []
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    for start in range(0, len(unit), 2048):
        near = unit[start : start + 2048] @ unit.T >= alike
        near &= examples.codes[start : start + 2048, None] == examples.codes
        rows, columns = np.nonzero(near)
        pairs.append(np.stack([rows + start, columns])[:, rows + start < columns])
    links = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(links.shape[1]), (links[0], links[1])), shape=(len(unit), len(unit)))
    member = connected_components(graph, directed=False)[1]
    clusters: dict[int, list[int]] = {}
    for row in np.unique(links).tolist():
        clusters.setdefault(int(member[row]), []).append(row)
    return list(clusters.values())


def cluster_names(
    examples: Examples, features: Array, rows: Array | None = None, *, n_groups: int = CLUSTERS, seed: int = 0
) -> list[str]:
    """k-means on the features within each label, clusters shared out by its number of rows.

    rows: those to cluster; the others stay single.
    """
    names = single_names(examples.texts)
    rows = np.arange(len(examples)) if rows is None else rows
    for code, label in enumerate(examples.classes):
        inside = rows[examples.codes[rows] == code]
        if len(inside):
            distinct = len(np.unique(features[inside], axis=0))
            share = min(distinct, max(1, round(n_groups * len(inside) / len(rows))))
            for number, (members, centre) in enumerate(_k_means(features[inside], share, seed)):
                name = f"{label} {number + 1}: {_short(examples.texts[inside[centre]])}"
                for row in inside[members]:
                    names[row] = name
    return names


def staged_names(examples: Examples, features: Array, influence: Array, seed: int = 0) -> list[str]:
    """The examples of largest influence single, the rest in clusters."""
    if len(examples) <= STAGED_SINGLES + STAGED_GROUPS:
        return single_names(examples.texts)
    order = np.argsort(-np.abs(influence), kind="stable")
    return cluster_names(examples, features, np.sort(order[STAGED_SINGLES:]), n_groups=STAGED_GROUPS, seed=seed)


def _k_means(features: Array, n_clusters: int, seed: int) -> list[tuple[Array, int]]:
    """Members of each cluster, and the member nearest to its centre."""
    from sklearn.cluster import KMeans

    fitted = KMeans(n_clusters, n_init=4, random_state=seed).fit(features)
    far = np.linalg.norm(features - fitted.cluster_centers_[fitted.labels_], axis=1)
    clusters = [np.flatnonzero(fitted.labels_ == cluster) for cluster in range(n_clusters)]
    return [(members, int(members[far[members].argmin()])) for members in clusters if len(members)]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
