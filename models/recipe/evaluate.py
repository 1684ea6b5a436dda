"""MAP@3 of a checkpoint or of served weights, with 95% intervals by bootstrap over questions.

One right answer a question, so its average precision is 1/rank among the first three, else 0 (Kaggle's MAP@3). Ties keep file order.
"""
import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import checkpoint
import fit
from deberta import SharedPrefixModel
from encode import Encoded, Encoder, collate
from questions import Question, read

TOKENS_A_BATCH = 6000


def plan_batches(encoded: Sequence[Encoded], budget: int = TOKENS_A_BATCH) -> list[list[int]]:
    """Indices grouped so that a padded batch has at most `budget` tokens (or one question)."""
    shape = lambda q: (len(q.prefix), len(q.choices), max(map(len, q.choices)))
    order = sorted(range(len(encoded)), key=lambda i: shape(encoded[i]))
    batches: list[list[int]] = []
    for i in order:
        grown = [*batches[-1], i] if batches else [i]
        p_len, c_len, o_len = (max(column) for column in zip(*(shape(encoded[j]) for j in grown)))
        if batches and len(grown) * (p_len + c_len * o_len) <= budget:
            batches[-1] = grown
        else:
            batches.append([i])
    return batches


def logits(model: SharedPrefixModel, encoder: Encoder, questions: Sequence[Question]) -> list[list[float]]:
    """fp32 logits per question, one per option."""
    encoded = [encoder.question(q.prompt, q.options, q.context) for q in questions]
    out: list[list[float]] = [[] for _ in questions]
    model.eval()
    with torch.no_grad():
        for indices in plan_batches(encoded):
            batch = collate([encoded[i] for i in indices]).to(next(model.parameters()).device.type)
            for i, row in zip(indices, model(*batch.inputs()).tolist()):
                out[i] = row[: len(questions[i].options)]
    return out


def average_precision(scores: Sequence[float], answer: int, k: int = 3) -> float:
    ranking = sorted(range(len(scores)), key=lambda i: -scores[i])[:k]
    return 1 / (ranking.index(answer) + 1) if answer in ranking else 0.0


def bootstrap(values: np.ndarray, statistic: Callable = np.mean, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of a statistic of `values` [n] under resampling of the questions."""
    generator = np.random.default_rng(seed)
    sampled = [statistic(values[generator.integers(0, len(values), len(values))]) for _ in range(draws)]
    return tuple(float(v) for v in np.percentile(sampled, [2.5, 97.5]))


def precisions(model: SharedPrefixModel, encoder: Encoder, questions: Sequence[Question]) -> np.ndarray:
    """AP@3 of each question."""
    rows = logits(model, encoder, questions)
    return np.array([average_precision(row, q.answer) for row, q in zip(rows, questions)])


def fitted(questions: Sequence[Question], stems: Path, words: int = fit.WORDS) -> list[Question]:
    frequencies, passages = fit.load_frequencies(stems)
    shorten = lambda q: fit.fit(q.context, q.prompt, q.options, words, frequencies, passages) if q.context else None
    return [replace(q, context=shorten(q)) for q in questions]


def main() -> None:
    parser = argparse.ArgumentParser(description='MAP@3 of a checkpoint on question files, closed book and with their contexts.')
    parser.add_argument('checkpoint', type=Path, help='folder with config.json, model.safetensors, tokenizer.json')
    parser.add_argument('questions', type=Path, nargs='+', help='JSONL or CSV')
    parser.add_argument('--stems', type=Path, required=True, help='stems.json, for fitting contexts')
    parser.add_argument('--weights', type=Path, help='served weights to use instead of the checkpoint\'s own')
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model, encoder = checkpoint.load(args.checkpoint), checkpoint.load_encoder(args.checkpoint)
    if args.weights:
        model = checkpoint.load_weights(args.weights, model.config)
    for path in args.questions:
        questions = read(path)
        kinds = {'closed': [q.closed() for q in questions]}
        if any(q.context for q in questions):
            kinds['with context'] = fitted(questions, args.stems)
        for kind, asked in kinds.items():
            values = precisions(model, encoder, asked)
            low, high = bootstrap(values)
            print(f'{path.name}, {kind}: MAP@3 {values.mean():.3f} [{low:.3f}, {high:.3f}], n = {len(values)}', flush=True)


if __name__ == '__main__':
    main()
