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


@lru_cache(maxsize=1)
def byte_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A byte-level BPE such as GPT-2's, learnt from the sentences above, with every special token there is."""
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
    tokenizer.post_processor = tokenizers.processors.ByteLevel(trim_offsets=True)
    named = dict(zip(("bos_token", "eos_token", "pad_token", "mask_token", "unk_token"), special, strict=True))
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **named)


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
    torch.manual_seed(seed)
    network = architecture(config).eval()
    for parameter in network.parameters():  # the usual 0.02 would leave every answer the same
        torch.nn.init.normal_(parameter, std=0.25 if parameter.dim() > 1 else 0.1)
    network.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(minilm_folder() / file, folder / file)
    return folder
