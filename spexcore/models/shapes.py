"""Random models of known shapes, for measuring speed: their weights do not matter for it, only their sizes."""

from typing import Any

import torch

from spexcore.models.language_model import DTYPES, LanguageModel
from spexcore.models.loading import choose_device

# hidden size, MLP, layers, heads, key-value heads, vocabulary
SHAPES = {
    "15M": (288, 768, 6, 6, 6, 32000),
    "135M": (576, 1536, 30, 9, 3, 49152),
    "1B": (2048, 8192, 16, 32, 8, 128256),
    "3B": (3072, 8192, 28, 24, 8, 128256),
    "8B": (4096, 14336, 32, 32, 8, 128256),
}


def random_llama(shape: str, *, dtype: str = "float32", device: str | None = None) -> LanguageModel:
    """A Llama of a shape with random weights, and a tokenizer whose words are w0, w1, w2, ...; one token each."""
    import transformers

    width, mlp, layers, heads, key_value_heads, vocabulary = SHAPES[shape]
    config = transformers.LlamaConfig(
        hidden_size=width,
        intermediate_size=mlp,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        vocab_size=vocabulary,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        initializer_range=0.05,
    )
    return _random(config, f"random {shape} Llama", dtype, device)


def random_gpt2(n_layers: int = 12) -> LanguageModel:
    """GPT-2 small with random weights, or fewer of its layers; words as those of `random_llama`."""
    import transformers

    config = transformers.GPT2Config(n_layer=n_layers, n_positions=4096)
    return _random(config, f"random GPT-2 of {n_layers} layers", "float32", None)


def _random(config: Any, name: str, dtype: str, device: str | None) -> LanguageModel:
    import transformers

    place = choose_device(device)
    torch.manual_seed(0)
    with torch.device(place):
        network = transformers.AutoModelForCausalLM.from_config(config, dtype=DTYPES[dtype])
    network = network.eval().requires_grad_(False)
    kept = {"revision": None, "tokenizer": _words(config.vocab_size), "network": network}
    named: dict[str, Any] = {"id": name, "sha256": name, "dtype": dtype, "labels": None}
    return LanguageModel(**named, device=str(network.device), kind="causal", max_tokens=4096, **kept)


def _words(vocabulary: int) -> Any:
    import tokenizers
    import transformers

    ends = {"<s>": vocabulary - 2, "</s>": vocabulary - 1}
    named = {f"w{index}": index for index in range(vocabulary - 2)}
    words = tokenizers.models.WordLevel({**named, **ends}, unk_token="w0")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
