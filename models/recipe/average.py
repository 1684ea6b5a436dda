"""Averages the weights of checkpoints that share their start ("model soup", Wortsman et al. 2022, https://arxiv.org/abs/2203.05482)."""
import argparse
from pathlib import Path

import torch

import checkpoint


def average(models: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([model[name].float() for model in models]).mean(0) for name in models[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', type=Path)
    parser.add_argument('checkpoints', type=Path, nargs='+')
    args = parser.parse_args()
    model = checkpoint.load(args.checkpoints[0])
    model.load_state_dict(average([checkpoint.load(folder).state_dict() for folder in args.checkpoints]))
    checkpoint.save(args.out, model, args.checkpoints[0] / 'tokenizer.json')


if __name__ == '__main__':
    main()
