"""Starts a DeBERTa multiple-choice checkpoint from a BERT encoder (MiniLM-L6).

BERT's weights become the content terms. DeBERTa divides scores by sqrt(3d) where BERT divides by sqrt(d), so queries are scaled by sqrt(3) and
content scores stay exactly BERT's. The relative terms start at nothing through the gain of encoder.LayerNorm: with rows of rel_embeddings at
zero instead, their LayerNorm would blow the first step up to unit size, and the model never learns.
"""
import argparse
import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file

import checkpoint
from deberta import Config, SharedPrefixModel

LAYER_PARTS = {
    'attention.self.query_proj': 'attention.self.query',
    'attention.self.key_proj': 'attention.self.key',
    'attention.self.value_proj': 'attention.self.value',
    'attention.output.dense': 'attention.output.dense',
    'attention.output.LayerNorm': 'attention.output.LayerNorm',
    'intermediate.dense': 'intermediate.dense',
    'output.dense': 'output.dense',
    'output.LayerNorm': 'output.LayerNorm',
}


def renamed(bert: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """BERT tensors under the names and scales of DeBERTa."""
    bert = {name.removeprefix('bert.'): tensor.float() for name, tensor in bert.items()}
    names = {f'deberta.embeddings.{table}_embeddings.weight': f'embeddings.{table}_embeddings.weight' for table in ('word', 'position', 'token_type')}
    for kind in ('weight', 'bias'):
        names[f'deberta.embeddings.LayerNorm.{kind}'] = f'embeddings.LayerNorm.{kind}'
        for i in range(layers):
            for ours, theirs in LAYER_PARTS.items():
                names[f'deberta.encoder.layer.{i}.{ours}.{kind}'] = f'encoder.layer.{i}.{theirs}.{kind}'
    scale = lambda name: math.sqrt(3) if 'query_proj' in name else 1.0
    return {ours: bert[theirs] * scale(ours) for ours, theirs in names.items()}


def start(bert: dict[str, torch.Tensor], config: Config) -> SharedPrefixModel:
    model = SharedPrefixModel(config)
    tensors = model.state_dict() | renamed(bert, config.num_hidden_layers)
    for kind in ('weight', 'bias'):
        tensors[f'deberta.encoder.LayerNorm.{kind}'] = torch.zeros(config.hidden_size)
    model.load_state_dict(tensors)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bert', type=Path, help='folder with config.json, model.safetensors and tokenizer.json of a BERT model')
    parser.add_argument('out', type=Path)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    shape = json.loads((args.bert / 'config.json').read_text())
    config = Config(**{key: shape[key] for key in Config.__dataclass_fields__ if key in shape})
    checkpoint.save(args.out, start(load_file(args.bert / 'model.safetensors'), config), args.bert / 'tokenizer.json')


if __name__ == '__main__':
    main()
