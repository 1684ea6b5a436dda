"""Adds a teacher's logits to training items: the mean over one or more checkpoints, closed book and with the item's context.

train.py pulls its model towards them (distillation, Hinton et al. 2015, https://arxiv.org/abs/1503.02531) with the weight --distillation.
"""
import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import checkpoint
from evaluate import logits
from items import from_json, read_rows, write_rows

ROWS_AT_ONCE = 4096


def taught(rows: list[dict], models: list, encoder) -> list[dict]:
    items = [from_json(row) for row in rows]
    kinds = {'closed': [item.question.closed() for item in items], 'context': [replace(i.question, context=(i.contexts or [None])[0]) for i in items]}
    means = {kind: [np.mean(answers, axis=0) for answers in zip(*(logits(m, encoder, asked) for m in models))] for kind, asked in kinds.items()}
    rounded = lambda values: [round(float(v), 3) for v in values]
    return [{**row, 'teacher': {kind: rounded(means[kind][i]) for kind in kinds}} for i, row in enumerate(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('items', type=Path)
    parser.add_argument('output', type=Path)
    parser.add_argument('--teachers', type=Path, nargs='+', required=True, help='checkpoint folders with one tokenizer')
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    models = [checkpoint.load(folder).to(device) for folder in args.teachers]
    encoder = checkpoint.load_encoder(args.teachers[0])
    rows = list(read_rows(args.items))
    blocks = (taught(rows[i : i + ROWS_AT_ONCE], models, encoder) for i in range(0, len(rows), ROWS_AT_ONCE))
    print(write_rows(args.output, (row for block in blocks for row in block)), 'items')


if __name__ == '__main__':
    main()
