"""How far to trust a run: what stands behind its held-out R2, in sentences and as curves."""

import streamlit as st

from dashboard.charts import chart
from dashboard.doors import plain
from spexcore.explanation import Explanation
from spexcore.figures.faithfulness import faithfulness
from spexcore.figures.trust import grounds


def panel(explanation: Explanation, dark: bool) -> None:
    """A folded part of the results; the curves where the run has them."""
    with st.expander("How far to trust it", icon=":material/query_stats:", key="trusting"):
        st.markdown("\n".join(f"- **{name}:** {plain(said)}" for name, said in grounds(explanation).items()))
        if explanation.imported:
            return
        if not explanation.faithfulness.by_size:
            st.caption("This run was made before curves were kept with it: run it again to see them.")
            return
        chart(
            faithfulness(explanation, dark=dark), key="trust-curves", name=f"spex-{explanation.id}-faithfulness",
            alt="Held-out R² by terms kept; the value while parts are removed; share of the variance by order",
        )  # fmt: skip
        st.caption(
            "Left: held-out R² of the largest terms alone, with the 95 % interval for all of them. Middle: the model "
            "itself without the parts that matter most by the terms, by their single effects, and without as many at "
            "random (mean of five). Right: how the variance under random masks falls to single parts, pairs, and more."
        )
