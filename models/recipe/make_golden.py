"""Golden file of the embedded model: token ids and fp32 logits of the PyTorch reference, one question an item.

A context is used as it stands (already fitted) and cut to what the prefix has room for. Each question is asked alone, and once more with
padding, which must not change its logits.
"""
import argparse
import json
from pathlib import Path

import tokenizers
import torch

import checkpoint
from encode import MAX_CHOICE, MAX_PREFIX, collate
from questions import LETTERS, Question, from_row

PADDING_TOLERANCE = 2e-4


def golden_item(model, encoder, question: Question) -> dict:
    encoded = encoder.question(question.prompt, question.options, question.context)
    with torch.no_grad():
        logits = model(*collate([encoded]).inputs())[0]
        padded = model(*collate([encoded], 7, 5).inputs())[0]
    if (logits - padded).abs().max() > PADDING_TOLERANCE:
        raise SystemExit(f'padding changes the logits of "{question.prompt[:60]}"')
    ranking = sorted(range(len(logits)), key=lambda i: -logits[i].item())[:3]
    return {
        'prompt': question.prompt, 'context': question.context, 'options': question.options,
        'prefixIds': encoded.prefix, 'contextTokens': encoded.context_tokens, 'choiceIds': encoded.choices,
        'logits': [round(v, 6) for v in logits.tolist()], 'ranking': ' '.join(LETTERS[i] for i in ranking),
    }  # fmt: skip


def write_golden(folder: Path, questions: Path, output: Path) -> None:
    model, encoder = checkpoint.load(folder), checkpoint.load_encoder(folder)
    items = [golden_item(model, encoder, from_row(json.loads(line))) for line in questions.open()]
    made_by = {'command': 'make_golden.py CHECKPOINT QUESTIONS.jsonl OUT.json', 'torch': torch.__version__, 'tokenizers': tokenizers.__version__}
    head = json.dumps({'madeBy': made_by, 'maxPrefix': MAX_PREFIX, 'maxChoice': MAX_CHOICE})[:-1]
    lines = ',\n'.join(json.dumps(item, ensure_ascii=False) for item in items)
    output.write_text(f'{head}, "items": [\n{lines}\n]}}\n')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint', type=Path)
    parser.add_argument('questions', type=Path, help='JSONL of {prompt, options, context?}')
    parser.add_argument('output', type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    write_golden(args.checkpoint, args.questions, args.output)


if __name__ == '__main__':
    main()
