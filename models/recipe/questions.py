"""Question files, as the recipe reads them: JSONL of {prompt, options, answer, context?} or CSV in the Kaggle shape."""
import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'


@dataclass
class Question:
    prompt: str
    options: list[str]
    answer: int | None
    context: str | None = None

    def closed(self) -> 'Question':
        return replace(self, context=None)


def read(path: Path) -> list[Question]:
    rows = _read_csv(path) if path.suffix == '.csv' else map(json.loads, path.open())
    return [from_row(row) for row in rows]


def from_row(row: dict) -> Question:
    """`answer` may be an index or a letter."""
    answer = row.get('answer')
    index = LETTERS.index(answer) if isinstance(answer, str) else answer
    return Question(row['prompt'], row['options'], index, row.get('context') or None)


def _read_csv(path: Path):
    with path.open(encoding='utf-8-sig', newline='') as file:
        for row in csv.DictReader(file):
            options = [row[letter] for letter in LETTERS if row.get(letter)]
            yield {'prompt': row['prompt'], 'options': options, 'answer': row.get('answer'), 'context': row.get('context')}
