"""Speed of PyTorch on the embedded model: an opponent for docs/benchmarks.md.

As anyone would run it: transformers' DebertaV2ForMultipleChoice, pairs padded to the longest of a batch of 8 in file order. Beside it, with
--layout shared, this recipe's own model. Prints one line of JSON; --report also writes it. Needs requirements-bench.txt.
"""
import argparse
import json
import os
import platform
import time
from pathlib import Path

import torch

import checkpoint
import evaluate
from questions import Question, read

BATCH = 8


def pairs_scorer(folder: Path):
    """logits [Q, C] of a batch of questions with equally many options."""
    import transformers

    settings = {k: v for k, v in checkpoint.config_of(folder).items() if k not in ('architectures', 'model_type')}
    model = transformers.DebertaV2ForMultipleChoice(transformers.DebertaV2Config(**settings)).eval()
    tensors = {name: tensor.float() for name, tensor in checkpoint.load_file(checkpoint.weights_file(folder)).items()}
    model.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith('late_interaction')})
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / 'tokenizer.json'), pad_token='[PAD]', sep_token='[SEP]', cls_token='[CLS]', unk_token='[UNK]'
    )

    def score(questions: list[Question]) -> torch.Tensor:
        first = [f'{q.context} #### {q.prompt}' if q.context else q.prompt for q in questions for _ in q.options]
        options = [option for q in questions for option in q.options]
        inputs = tokenizer(first, options, padding='longest', truncation='only_first', max_length=256, return_tensors='pt')
        shaped = {name: tensor.view(len(questions), -1, tensor.shape[-1]) for name, tensor in inputs.items()}
        return model(**shaped).logits

    return score


def shared_scorer(folder: Path):
    model, encoder = checkpoint.load(folder), checkpoint.load_encoder(folder)
    return lambda questions: evaluate.logits(model, encoder, questions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('questions', type=Path)
    parser.add_argument('--layout', choices=('pairs', 'shared'), default='pairs')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--limit', type=int, default=80)
    parser.add_argument('--report', type=Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    score = pairs_scorer(args.checkpoint) if args.layout == 'pairs' else shared_scorer(args.checkpoint)
    questions = evaluate.fitted(read(args.questions)[: args.limit], args.checkpoint / 'stems.json')
    speeds = {}
    for kind, asked in {'closed': [q.closed() for q in questions], 'context': questions}.items():
        with torch.no_grad():
            score(asked[:BATCH])  # warm up
            started = time.perf_counter()
            for i in range(0, len(asked), BATCH):
                score(asked[i : i + BATCH])
            speeds[kind] = round(len(asked) / (time.perf_counter() - started), 2)
    versions = {'python': platform.python_version(), 'torch': torch.__version__}
    line = json.dumps({'layout': args.layout, 'questionsPerSecond': speeds, 'threads': args.threads, 'cores': os.cpu_count(), 'versions': versions})
    print(line)
    if args.report:
        args.report.write_text(line + '\n')


if __name__ == '__main__':
    main()
