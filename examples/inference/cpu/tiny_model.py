"""Writes a tiny Llama with random weights and a tokenizer of characters: servers are tried without a download or a GPU.

What it says is noise; what matters is that it says it one token at a time, as a real model does.

    python tiny_model.py /tmp/tiny-model --layers 8 --hidden 512
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)

BLANK, NEWLINE = "\u0120", "\u010a"
"""What the pre-tokenizer for bytes makes of a blank and of the end of a line."""


def write_model(folder: Path, *, layers: int, hidden: int, length: int, seed: int = 0) -> None:
    """Writes configuration, weights and tokenizer where vLLM, Transformers and Ray Serve LLM read them.

    Args:
        folder: where to; it is made.
        layers: transformer layers.
        hidden: width of a layer, a multiple of 64; 8 layers of 512 are 20 million parameters.
        length: the longest sequence in tokens, prompt and answer together.
        seed: of the weights: the same seed, the same model.
    """
    tokenizer = _tokenizer(length)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        num_key_value_heads=hidden // 64,
        max_position_embeddings=length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer(length: int) -> PreTrainedTokenizerFast:
    """Returns a tokenizer with one token for each visible character of ASCII: who counts characters counts tokens."""
    words = ["<s>", "</s>", "<unk>", *map(chr, range(ord("!"), ord("~") + 1)), BLANK, NEWLINE]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=length,
        chat_template=CHAT_TEMPLATE,
    )


def main() -> None:
    """Reads the command line and writes the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--length", type=int, default=1024)
    arguments = parser.parse_args()
    write_model(arguments.folder, layers=arguments.layers, hidden=arguments.hidden, length=arguments.length)


if __name__ == "__main__":
    main()
