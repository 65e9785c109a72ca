"""Small random models of every family, saved as transformers saves them: what tests of models and lenses load."""

import shutil
from functools import lru_cache
from pathlib import Path

import torch
import transformers

SENTENCES = [
    "The plot was not bad, and the actors were really good.",
    "Lily was sad because she had lost her red ball near the old house.",
    "He said: \"Don't go there!\" But they didn't listen, of course.",
    "It cost $5.50, about 10 % more than in 2019; nobody cared.",
]
_SIZES = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48}
_ENCODERS = {
    "bert": ("BertForSequenceClassification", _SIZES),
    "roberta": ("RobertaForSequenceClassification", {**_SIZES, "max_position_embeddings": 66}),
    "distilbert": ("DistilBertForSequenceClassification", {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48}),
    "modernbert": (
        "ModernBertForSequenceClassification",
        {**_SIZES, "global_attn_every_n_layers": 2, "local_attention": 8, "classifier_pooling": "mean"},
    ),
}
ENCODERS = tuple(_ENCODERS)
_GROUPED = {**_SIZES, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 96}
_DECODERS: dict[str, tuple[str, dict[str, object]]] = {
    "llama": ("LlamaForCausalLM", _GROUPED),
    "mistral": ("MistralForCausalLM", {**_GROUPED, "sliding_window": 24}),
    "qwen2": ("Qwen2ForCausalLM", _GROUPED),
    "qwen3": ("Qwen3ForCausalLM", {**_GROUPED, "head_dim": 12}),
    "gemma": ("GemmaForCausalLM", {**_GROUPED, "num_key_value_heads": 1}),
    "phi": ("PhiForCausalLM", _SIZES),
    "gpt2": ("GPT2LMHeadModel", {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 96}),
    "gpt_neox": ("GPTNeoXForCausalLM", _SIZES),
    "opt": ("OPTForCausalLM", {**_SIZES, "ffn_dim": 48, "word_embed_proj_dim": 24}),
    "falcon": ("FalconForCausalLM", _SIZES),
}
DECODERS = tuple(_DECODERS)


@lru_cache(maxsize=2)
def byte_tokenizer(begins: bool) -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE learnt from the sentences above, with every special token; begins: whether <s> goes first."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>", "<mask>", "<unk>"]
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=420, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    bytes_only = tokenizers.processors.ByteLevel(trim_offsets=True)
    start = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.post_processor = tokenizers.processors.Sequence([bytes_only, start]) if begins else bytes_only
    named = dict(zip(("bos_token", "eos_token", "pad_token", "mask_token", "unk_token"), special, strict=True))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=96, **named)


def save_encoder(folder: Path, family: str, *, n_labels: int = 3, seed: int = 0) -> Path:
    """A random classifier of a family with the tokenizer of MiniLM, in a folder of its own."""
    from spexcore.models.embedded import minilm_folder

    name, sizes = _ENCODERS[family]
    architecture = getattr(transformers, name)
    labels = dict(enumerate(("bad", "neutral", "good", "other")[:n_labels]))
    config = architecture.config_class(
        **{"vocab_size": 30522, "max_position_embeddings": 64, "pad_token_id": 0, **sizes}
    )
    config.id2label, config.label2id = labels, {name: index for index, name in labels.items()}
    _random(architecture(config), seed).save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(minilm_folder() / file, folder / file)
    return folder


def save_causal(folder: Path, family: str, *, seed: int = 0) -> Path:
    """A random causal model of a family with a byte-level tokenizer, in a folder of its own."""
    name, sizes = _DECODERS[family]
    architecture = getattr(transformers, name)
    tokenizer = byte_tokenizer(family in ("llama", "mistral", "gemma"))
    special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    config = architecture.config_class(
        **{"vocab_size": len(tokenizer), "max_position_embeddings": 96, **special, **sizes}
    )
    _random(architecture(config), seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _random(network: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Weights large enough that answers differ: the usual 0.02 would leave them all the same."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            is_norm = "norm" in name.lower() or "ln_" in name
            parameter.add_(torch.randn_like(parameter) * (0.1 if is_norm or parameter.dim() < 2 else 0.25))
    return network.eval()
