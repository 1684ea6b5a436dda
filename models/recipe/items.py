"""Training items: JSONL (or .jsonl.xz) of {source, prompt, options, answer, context?, rate?, contexts?, distractors?, teacher?}.

rate         how often the item is trained with a context (default 1). At 1 the question is about its context and is never asked without.
contexts     other fitted contexts that help, drawn instead of `context` now and then
distractors  passages that do not help, or only half: given on purpose, so that the model learns when to trust
teacher      logits of a teacher by kind of context: {closed: [...], context: [...]}
"""
import hashlib
import json
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from questions import Question, from_row

HELD_OUT_SHARE = 20  # one in twenty


@dataclass
class Item:
    source: str
    question: Question
    rate: float = 1.0
    contexts: list[str] = field(default_factory=list)
    distractors: list[str] = field(default_factory=list)
    teacher: dict[str, list[float]] = field(default_factory=dict)


def read_items(path: Path, limit: int | None = None) -> list[Item]:
    return [from_json(row) for row in islice(read_rows(path), limit)]


def read_rows(path: Path) -> Iterator[dict]:
    opened = lzma.open(path, 'rt') if path.suffix == '.xz' else path.open()
    with opened as lines:
        yield from map(json.loads, lines)


def write_rows(path: Path, rows: Iterator[dict] | list[dict]) -> int:
    count = 0
    with path.open('w') as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + '\n')
            count += 1
    return count


def from_json(row: dict) -> Item:
    contexts = [c for c in (row.get('context'), *row.get('contexts', [])) if c]
    return Item(row['source'], from_row(row), row.get('rate', 1.0), contexts, row.get('distractors', []), row.get('teacher', {}))


def is_held_out(prompt: str) -> bool:
    """A fixed 5% of all questions, told by their text, so that a question is held out from every file it appears in."""
    words = ' '.join(re.findall(r'\w+', prompt.lower()))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], 'big') % HELD_OUT_SHARE == 0
