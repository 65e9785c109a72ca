"""From the name of an ablation operator to the operator, for one model and one prompt."""

from spexcore.errors import BadInput
from spexcore.models.ablation import ABLATIONS, Ablation, Drop, Replacement
from spexcore.models.language_model import LanguageModel
from spexcore.models.prompt import Prompt, token_table
from spexcore.models.rejoin import Rejoin


def ablation(model: LanguageModel, prompt: Prompt, name: str) -> Ablation:
    """The operator called `name`; raises BadInput for an unknown one, or one the tokenizer has no token for."""
    if name == "remove":
        return Rejoin(model, prompt, None)
    if name.startswith("word:") and name != "word:":
        return Rejoin(model, prompt, name.removeprefix("word:"))
    if name == "drop":
        return Drop(token_table(model, prompt))
    if name == "mean":
        return Replacement(token_table(model, prompt), model.mean_id, "[MEAN]")
    if name not in ("mask", "pad", "unk"):
        raise BadInput(f"`ablation` must be one of {', '.join(ABLATIONS)}; got {name!r}.")
    token = getattr(model.tokenizer, f"{name}_token")
    if token is None:
        raise BadInput(f"`ablation` {name!r} needs a {name} token, and {model.id!r} has none; use 'remove' or 'drop'.")
    return Replacement(token_table(model, prompt), model.tokenizer.convert_tokens_to_ids(token), token)
