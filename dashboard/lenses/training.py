"""The training lens on the page: which table, test text and groups are asked for; what the head says as its picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import streamlit as st

from dashboard import datasets, evidence_panel, examples, loaders, settings, state
from dashboard.doors import plain
from dashboard.lenses import boxes
from dashboard.links import Linked
from dashboard.request import Models
from dashboard.view import View
from spexcore.errors import SpexError
from spexcore.evidence import Evidence
from spexcore.figures.rows import player_names
from spexcore.figures.tokens import Piece
from spexcore.game import Game
from spexcore.lenses.examples import checked_examples
from spexcore.lenses.grouping import GROUPINGS, SINGLE, automatic
from spexcore.lenses.influence import VALUES
from spexcore.lenses.table import MOST_BYTES

DATA, TEXT_COLUMN, LABEL_COLUMN, TEST = "data", "text_column", "label_column", "test"
GROUPS, VALUE, RIDGE = "groups", "value", "ridge"
TITLE = "Training data"
START = {
    DATA: datasets.FEEDBACK,
    TEXT_COLUMN: "text",
    LABEL_COLUMN: "label",
    TEST: "",
    state.TARGET: "",
    GROUPS: "auto",
    VALUE: "margin",
    state.MODEL: "minilm",
    RIDGE: 1.0,
}
OPTIONS = {VALUE: VALUES}
BY = "by "  # before the name of a column that names each row's group
_GROUPS = ("auto", "none", *GROUPINGS)
_GROUPS_HELP = (
    f"What is kept or left out as one. auto: single examples up to {SINGLE} rows, staged beyond. none: single "
    "examples. duplicates: near-duplicates together. clusters: 40 groups of like examples. staged: the 64 examples "
    "of largest influence single, the others in 32 clusters. by …: a column of the table."
)
_ENCODINGS = ("", "cp1252", "latin-1", "utf-16", "mac-roman", "shift_jis", "gb18030")
_TESTS, _LABELS = 5, 6  # test texts, and labels of their prediction, that are shown
_OWN_ANSWER = "the head's own answer"
_UPLOAD, _ENCODING = "upload-table", "upload-encoding"


@dataclass(frozen=True)
class Question:
    """A table, test texts (a line each), and what of their prediction is explained; target "": the head's answer."""

    data: str
    text_column: str
    label_column: str
    test: str
    target: str
    groups: str
    value: str
    model: str
    ridge: float
    lens: ClassVar[str] = "training"

    @property
    def units(self) -> str:
        return "examples" if self._grouping is None else "groups"

    @property
    def n_players(self) -> int | None:
        texts, labels = self._examples
        checked_examples(texts, labels)
        grouping = self._grouping
        return len(texts) if grouping is None else None if isinstance(grouping, str) else len(set(grouping))

    @property
    def _examples(self) -> tuple[Sequence[str], Sequence[str]]:
        table = datasets.read(self.data)
        return table.filled(self.text_column, TEXT_COLUMN), table.filled(self.label_column, LABEL_COLUMN)

    @property
    def _grouping(self) -> str | Sequence[str] | None:
        table = datasets.read(self.data)
        if self.groups.startswith(BY):
            return table.column(self.groups.removeprefix(BY), GROUPS)
        return {"auto": automatic(len(table)), "none": None}.get(self.groups, self.groups)

    def game(self, models: Models) -> Game:
        texts, labels = self._examples
        model = models.model(self.model)
        from spexcore.lenses import TrainingLens

        asked = asdict(self)
        lens = TrainingLens(
            texts, labels, test=[line for line in self.test.splitlines() if line.strip()], target=self.target or None,
            encoder=model, groups=self._grouping, ridge=self.ridge, value=self.value,
            source={name: asked[name] for name in (DATA, TEXT_COLUMN, LABEL_COLUMN, state.TARGET, GROUPS)},
        )  # fmt: skip
        lens.notes.extend(datasets.read(self.data).notes)
        return lens


def values(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values that ask this question again; of a run from elsewhere, with the table that it carries."""
    asked = {
        TEST: "\n".join(" ".join(str(one).split()) for one in recipe.get("test") or ()),
        VALUE: str(recipe.get("value", "margin")),
        state.MODEL: str((recipe.get("model") or {}).get("id") or START[state.MODEL]),
        RIDGE: float(recipe.get("ridge") or 1.0),
    }
    source = recipe.get("source")
    if isinstance(source, Mapping) and source.get(DATA) in datasets.known():
        return {**asked, **{name: str(source.get(name, START[name])) for name in _SOURCE}}
    named = list(dict.fromkeys(map(str, recipe.get("target") or ())))
    table = {DATA: datasets.of_recipe(recipe), TEXT_COLUMN: "text", LABEL_COLUMN: "label", GROUPS: f"{BY}group"}
    return {**asked, **table, state.TARGET: named[0] if len(named) == 1 else ""}


_SOURCE = (DATA, TEXT_COLUMN, LABEL_COLUMN, state.TARGET, GROUPS)


def read() -> Question:
    """The question the form asks."""
    asked: dict[str, Any] = {name: state.get(name) or "" for name in START}
    return Question(**{**asked, RIDGE: float(state.get(RIDGE) or 1.0)})


def subject() -> None:
    """Which table, and which text's prediction is explained."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="table"):
        known = list(dict.fromkeys([*datasets.known(), state.get(DATA)]))
        st.selectbox(
            "Training data", known, key=state.key(DATA), format_func=datasets.name, persist_state="session",
            on_change=_another_table, help="A table of labelled texts: the embedded one, or your own.",
        )  # fmt: skip
        with st.popover("Upload", icon=":material/upload:"):
            _upload()
    st.text_area(
        "Test text", key=state.key(TEST), height=86, placeholder="The text whose prediction is explained.",
        persist_state="session", help="One text, or several, one a line: their mean is then explained.",
    )  # fmt: skip


def choices() -> None:
    """Which columns, which label, and what counts as one part."""
    columns = _columns()
    text, label, target, groups = st.columns([3, 3, 4, 4], gap="small")
    _choice(text, "Text column", TEXT_COLUMN, columns)
    _choice(label, "Label column", LABEL_COLUMN, columns)
    labels = datasets.classes(state.get(DATA), state.get(LABEL_COLUMN)) if columns else []
    target.selectbox(
        "Target", list(dict.fromkeys(["", *labels, state.get(state.TARGET) or ""])), key=state.key(state.TARGET),
        persist_state="session", format_func=lambda name: name or _OWN_ANSWER,
        help="The label explained: its log-odds for the test text.",
    )  # fmt: skip
    offered = [*_GROUPS, *(BY + column for column in columns), state.get(GROUPS) or "auto"]
    groups.selectbox(
        "Groups", list(dict.fromkeys(offered)), key=state.key(GROUPS), persist_state="session", help=_GROUPS_HELP
    )  # fmt: skip


def more() -> None:
    """What only some will want to change."""
    boxes.model_box(("encoder", "classifier", "causal"))
    st.selectbox(
        "Value", VALUES, key=state.key(VALUE), persist_state="session",
        help="margin: log-odds of the target, in logits. loss: minus its log-probability, in nats.",
    )  # fmt: skip
    st.number_input(
        "Ridge", 1e-3, 1e6, key=state.key(RIDGE), persist_state="session", format="%g",
        help="Strength of the penalty on the head's weights; a sum over examples stands beside it, so that leaving one "
        "out means removing it.",
    )  # fmt: skip


def parts(view: View) -> dict[str, Linked]:
    """The test text, and what the head says of it."""
    evidence = loaders.evidence(state.get(state.SHOWN))
    tests = list(view.explanation.recipe.get("test") or ())
    with st.container(border=True, key="tested"):
        for k, text in enumerate(tests[:_TESTS]):
            st.text(str(text))
            if evidence is not None:
                st.caption(f"The head, trained on every example, says {_says(evidence, k)}.")
        if len(tests) > _TESTS:
            st.caption(f"and {len(tests) - _TESTS} texts more; their mean is explained.")
    return {}


def beneath(view: View) -> None:
    """The training examples, and what retraining says beside the spectrum."""
    examples.panel(view)
    evidence_panel.panel(view)


def excerpt(view: View) -> list[Piece]:
    """The players of the chosen term, a line each."""
    names = player_names(view.explanation.players)
    lines = [(Piece(names[i], i), Piece("\n", None)) for i in view.chosen]
    return [piece for line in lines for piece in line][:-1]


def _says(evidence: Evidence, test: int) -> str:
    """complaint 69 %, praise 31 %: every label's probability for a test text, the likeliest first."""
    shares = {label: values[test] for label, values in evidence.prediction.items()}
    likely = sorted(shares, key=lambda label: -shares[label])
    return ", ".join(f"{plain(label)} {100 * shares[label]:.0f} %" for label in likely[:_LABELS])


def _choice(place: Any, name: str, column: str, columns: Sequence[str]) -> None:
    offered = list(dict.fromkeys([*columns, state.get(column)]))
    place.selectbox(name, offered, key=state.key(column), persist_state="session")


def _columns() -> list[str]:
    """The columns of the chosen table; none where it cannot be read, which the cost line then says."""
    try:
        return list(datasets.read(state.get(DATA)).columns)
    except SpexError:
        return []


def _upload() -> None:
    st.selectbox(
        "Encoding", _ENCODINGS, key=_ENCODING, accept_new_options=True, on_change=_uploaded,
        format_func=lambda name: name or "UTF-8 (or UTF-16 that says so)", persist_state="session",
    )  # fmt: skip
    st.file_uploader(
        "CSV, TSV or JSONL, with a column of texts and one of labels", key=_UPLOAD, on_change=_uploaded,
        type=["csv", "tsv", "jsonl", "ndjson"], max_upload_size=settings.MAX_UPLOAD_MB,
    )  # fmt: skip
    st.caption(f"At most {MOST_BYTES // 10**6} MB. It stays on this machine, under SPEX_HOME.")


def _uploaded() -> None:
    file = st.session_state.get(_UPLOAD)
    if file is None:
        return
    try:
        state.put(**{DATA: datasets.keep(file.getvalue(), file.name, st.session_state.get(_ENCODING) or None)})
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    _another_table()


def _another_table() -> None:
    """Guess the columns of the table that was chosen; what was asked of another one goes."""
    try:
        text, label = datasets.guessed(datasets.read(state.get(DATA)))
    except SpexError as refused:
        state.notify("error", str(refused))
        return
    state.put(**{TEXT_COLUMN: text, LABEL_COLUMN: label, state.TARGET: "", GROUPS: "auto"})
