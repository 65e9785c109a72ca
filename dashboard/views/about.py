"""The about page: the method in plain words, the glossary, and what the numbers do not say."""

import streamlit as st

from spexcore.figures.words import INDEX_NAMES

_METHOD = """
### What these pages do

Something is run again and again, each time with some of its parts taken out. From how the answer changes, a sparse
**spectrum** is recovered: which parts, and which *combinations* of parts, drive the answer. Then you click any term,
and the claim is checked on the real model with the ablations that decide it.

- **Prompt**: the parts are words, tokens, sentences, lines or marked spans of a text.
- **Training data**: the parts are training examples or groups of them. To take one out is to train again without it;
  what is trained is the head of a classifier, exactly, on an encoder that stays as it is.
- **Components**: the parts are attention heads and MLPs of the model itself, cut out inside its forward pass.

### How far to trust it

- **Held-out R²** compares predictions with ablations the method has not seen: once where about half of the parts are
  missing, once **near** the whole, where few are. One can be good while the other is poor.
- A term with **✓** was measured: its value is exact. Every other term is predicted, with a **95 % interval**; a pale
  bar cannot be told apart from zero.
- **Validate the top 10** re-ablates the leading terms. The **confirmation rate** is the share of them whose sign is
  right and whose measured value lies inside the stated interval; it stays with the run.
- **Re-ablate** measures a term of order *k* with 2ᵏ ablations, everything else kept.

### Words
"""
_WORDS = {
    "part (player)": "what can be taken out: a piece of the prompt, a training example or group, a head or MLP",
    "mask": "which parts are kept in one ablation",
    "ablation": "the prompt, the training or the model without some of its parts",
    "value": "what is explained: log-odds of a label (logits), log-probability of a text, or log-loss (nats)",
    "budget": "masks asked for; *paid* are those really evaluated, not found in the store",
    "coalition, order": "a set of parts, and how many there are",
    "interaction": "what a coalition does beyond what its smaller groups do",
    "co-Möbius": "the interaction with everything else kept; for one part, the change when it is taken out",
    "measured, predicted": "straight from real ablations; from known ones and the spectrum, with a 95 % interval",
    "confirmation rate": "share of the leading terms that a re-ablation confirms",
    "faithfulness": "how well the spectrum predicts ablations it has not seen",
}
_SOURCES = """
### Sources

- **SPEX**: Kang et al., *SPEX: Scaling Feature Interaction Explanations for LLMs*, ICML 2025.
- **ProxySPEX**: Butler et al., *ProxySPEX: Inference-Efficient Interpretability via Sparse Feature Interactions in
  LLMs*, NeurIPS 2025.
- **Shapley interaction index**: Grabisch and Roubens, *International Journal of Game Theory* 28, 1999.
- **Shapley–Taylor**: Sundararajan, Dhamdhere and Agarwal, ICML 2020.
- **Faith-Shap, Faith-Banzhaf**: Tsai, Yeh and Ravikumar, *Journal of Machine Learning Research* 24, 2023.
- **KernelSHAP**: Lundberg and Lee, NeurIPS 2017. **LIME**: Ribeiro, Singh and Guestrin, KDD 2016.
- **shapiq**, whose files are written here: Muschalik et al., NeurIPS 2024 (Datasets and Benchmarks).
"""


def show() -> None:
    """Draw the page."""
    with st.container(key="reading"):
        st.markdown(_METHOD)
        st.table({"Word": list(_WORDS), "Meaning": list(_WORDS.values())}, border="horizontal")
        st.markdown("### Indices")
        names, meanings = zip(*INDEX_NAMES.values(), strict=True)
        st.table({"Index": list(names), "What it measures": list(meanings)}, border="horizontal")
        st.markdown(_SOURCES)
