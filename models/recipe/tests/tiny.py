"""A small random model and tokenizer for the tests."""
from pathlib import Path

import tokenizers
import torch

from deberta import Config, SharedPrefixModel

WORDS = 'the a of cell wall energy light plant water is which what stores sugar . , # ? osmosis membrane protein'.split()


def model(seed: int = 0, **shape) -> SharedPrefixModel:
    torch.manual_seed(seed)
    settings = {'vocab_size': 40, 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 96, **shape}
    network = SharedPrefixModel(Config(**settings))
    for parameter in network.parameters():  # nothing at zero or one, so that every term counts
        torch.nn.init.normal_(parameter, 0, 0.3)
    return network.eval()


def write_tokenizer(path: Path) -> None:
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]']
    vocabulary = {token: i for i, token in enumerate(special + WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece(vocabulary, unk_token='[UNK]'))
    tokenizer.add_special_tokens(special)
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokenizer.save(str(path))
