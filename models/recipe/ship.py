"""Renews everything that depends on the embedded model, together: weights, stems, manifest with self-test and scores, golden file, model card.

4-bit weights are written, measured, and kept only if they lose at most 0.005 MAP@3 on every set.
"""
import argparse
import json
from pathlib import Path

import torch

import checkpoint
import measure
import serve
from fit import document_frequencies
from gptq import quantize_4bit
from items import read_items
from make_golden import write_golden
from stems import write_stems

ALLOWED_LOSS = 0.005
CALIBRATION_QUESTIONS = 400
ROOT = Path(__file__).resolve().parents[2]


def ship(args: argparse.Namespace) -> None:
    target: Path = args.target
    model, encoder, config = checkpoint.load(args.checkpoint), checkpoint.load_encoder(args.checkpoint), checkpoint.config_of(args.checkpoint)
    four_bit = None
    if args.calibration:
        sample = [item.question for item in read_items(args.calibration, limit=CALIBRATION_QUESTIONS)]
        four_bit = quantize_4bit(model, encoder, sample)
    serve.write_weights(args.checkpoint, target, four_bit)
    if args.library:
        write_stems(target / 'stems.json', *document_frequencies(json.loads(line)['text'] for line in args.library.open()))

    models = measure.load_precisions(target, config)
    scores = measure.score_sets(models, encoder, measure.question_sets(args.eval, target / 'stems.json'))
    errors = measure.golden_errors(models, encoder, args.golden / 'questions.jsonl')
    sizes = {precision: (target / measure.FILES[precision]).stat().st_size for precision in models}
    tables = measure.card_tables(scores, errors, sizes)
    verdict = four_bit_verdict(scores, target)

    served = [s for s in scores if s.precision == 'q8']
    manifest_scores = [{'set': s.set, 'metric': 'MAP@3', 'value': round(s.value, 4), 'interval': [round(v, 4) for v in s.interval], 'n': s.n} for s in served]
    serve.write_manifest(target, args.id, args.title, config, manifest_scores)
    write_golden(target, args.golden / 'questions.jsonl', args.golden / 'golden.json')
    (target / 'CARD.md').write_text(f'{args.notes.read_text().rstrip()}\n\n## Scores of the served files\n{tables}\n\n{verdict}\n')
    print(tables, verdict, sep='\n\n')


def four_bit_verdict(scores: list[measure.Score], target: Path) -> str:
    """Removes 4-bit weights that lose too much; says what was decided."""
    path = target / measure.FILES['q4']
    if not path.exists():
        return '4-bit weights are not offered: none were made.'
    loss = measure.worst_loss(scores, 'q4')
    if loss <= ALLOWED_LOSS:
        return f'4-bit weights are offered: on no set do they lose more than {ALLOWED_LOSS} (largest loss {loss:.3f}).'
    path.unlink()
    return f'4-bit weights are not offered: on one set they lose {loss:.3f} MAP@3, more than {ALLOWED_LOSS}.'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='folder that training wrote, or a served folder')
    parser.add_argument('--target', type=Path, default=ROOT / 'models/default')
    parser.add_argument('--golden', type=Path, default=ROOT / 'tests/fixtures/default', help='holds questions.jsonl; golden.json is written there')
    parser.add_argument('--notes', type=Path, default=Path(__file__).parent / 'card-notes.md', help='the hand-written part of the card')
    parser.add_argument('--library', type=Path, help='JSONL of {text}; without it stems.json stays as it is')
    parser.add_argument('--calibration', type=Path, help='training items for 4-bit rounding; without them no 4-bit weights')
    parser.add_argument('--eval', type=Path, nargs='+', required=True, help='question files, JSONL or CSV')
    parser.add_argument('--id', default='default')
    parser.add_argument('--title', default='Pagewise Small')
    parser.add_argument('--threads', type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    ship(args)


if __name__ == '__main__':
    main()
