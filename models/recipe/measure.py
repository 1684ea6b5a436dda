"""What a served model folder scores, precision by precision, and the model card that says so."""
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import checkpoint
from deberta import Config, SharedPrefixModel
from encode import Encoder
from evaluate import bootstrap, fitted, logits, precisions
from questions import Question, from_row, read

NEAR_TIE = 0.05  # fp32 logits closer than this may swap
FILES = {'fp32': 'weights.fp16.safetensors', 'q8': 'weights.q8.safetensors', 'q4': 'weights.q4.safetensors'}


@dataclass
class Score:
    """MAP@3 of one precision on one set."""

    set: str
    precision: str
    value: float
    interval: tuple[float, float]
    n: int


@dataclass
class GoldenError:
    """Logits of a precision against fp32 on the golden questions."""

    precision: str
    largest: float
    mean: float
    same_top: int
    clear: int  # questions whose two best fp32 logits are not a near-tie; same_top counts among these


def load_precisions(folder: Path, config: dict) -> dict[str, SharedPrefixModel]:
    """Every precision whose file lies in `folder`; config is the Hugging Face config."""
    return {name: checkpoint.load_weights(folder / file, Config.from_hugging_face(config)) for name, file in FILES.items() if (folder / file).exists()}


def question_sets(paths: Sequence[Path], stems: Path) -> dict[str, list[Question]]:
    """Each file closed book and, where it has contexts, with them fitted. Files that differ by contexts only repeat no closed set."""
    sets: dict[str, list[Question]] = {}
    for path in paths:
        questions = [q for q in read(path) if q.answer is not None]
        closed = [q.closed() for q in questions]
        if closed not in sets.values():
            sets[f'{path.stem}, closed book'] = closed
        if any(q.context for q in questions):
            sets[f'{path.stem}, with contexts'] = fitted(questions, stems)
    return sets


def score_sets(models: dict[str, SharedPrefixModel], encoder: Encoder, sets: dict[str, list[Question]]) -> list[Score]:
    scores = []
    for name, questions in sets.items():
        for precision, model in models.items():
            values = precisions(model, encoder, questions)
            scores.append(Score(name, precision, float(values.mean()), bootstrap(values), len(values)))
            print(f'{name}, {precision}: MAP@3 {values.mean():.4f}', flush=True)
    return scores


def golden_errors(models: dict[str, SharedPrefixModel], encoder: Encoder, questions_jsonl: Path) -> list[GoldenError]:
    questions = [from_row(json.loads(line)) for line in questions_jsonl.open()]
    rows = {precision: logits(model, encoder, questions) for precision, model in models.items()}
    gaps = [np.subtract(*sorted(row, reverse=True)[:2]) if len(row) > 1 else np.inf for row in rows['fp32']]
    clear = [i for i, gap in enumerate(gaps) if gap >= NEAR_TIE]
    errors = []
    for precision in rows.keys() - {'fp32'}:
        distances = np.abs(np.concatenate(rows[precision]) - np.concatenate(rows['fp32']))
        same = sum(np.argmax(rows[precision][i]) == np.argmax(rows['fp32'][i]) for i in clear)
        errors.append(GoldenError(precision, float(distances.max()), float(distances.mean()), int(same), len(clear)))
    return sorted(errors, key=lambda e: e.largest)


def worst_loss(scores: Sequence[Score], precision: str) -> float:
    """The largest MAP@3 that `precision` loses against fp32 on any set."""
    exact = {s.set: s.value for s in scores if s.precision == 'fp32'}
    return max(exact[s.set] - s.value for s in scores if s.precision == precision)


def card_tables(scores: Sequence[Score], errors: Sequence[GoldenError], sizes: dict[str, int]) -> str:
    """Markdown: MAP@3 by set and precision, error on the golden questions, bytes."""
    kinds = list(dict.fromkeys(s.precision for s in scores))
    lines = ['| MAP@3 (95% interval) | n | ' + ' | '.join(kinds) + ' |', '|---|---|' + '---|' * len(kinds)]
    for name in dict.fromkeys(s.set for s in scores):
        row = {s.precision: s for s in scores if s.set == name}
        cells = [f'{row[k].value:.3f} ({row[k].interval[0]:.3f} to {row[k].interval[1]:.3f})' for k in kinds]
        lines.append(f'| {name} | {row[kinds[0]].n} | ' + ' | '.join(cells) + ' |')
    lines += ['', '| precision | file | logit error on the golden questions, largest / mean | same first choice |', '|---|---|---|---|']
    lines += [f'| fp16, fp32 | {sizes["fp32"] / 1e6:.1f} MB | reference | |']
    for e in errors:
        lines.append(f'| {e.precision} | {sizes[e.precision] / 1e6:.1f} MB | {e.largest:.2f} / {e.mean:.3f} | {e.same_top} of {e.clear} |')
    return '\n'.join(lines)
