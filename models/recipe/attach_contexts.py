"""Attaches library contexts to training items, good ones and, on purpose, bad ones, so that the model learns when to trust a passage.

contexts     + the five best passages, fitted: what the page would give; and one of those five between three that are unrelated
distractors  + passages of ranks 20 to 60: they share words with the question and mostly not the answer (half-relevant);
             and passages of another book (irrelevant)
"""
import argparse
import random
from pathlib import Path

from fit import WORDS, document_frequencies, fit
from items import read_rows, write_rows
from retrieve import Index

BEST = 5
HALF_RELEVANT = slice(20, 60)


class Attacher:
    def __init__(self, passages: list[dict], seed: int, words: int = WORDS):
        self._passages, self._words, self._rng = passages, words, random.Random(seed)
        texts = [p['text'] for p in passages]
        self._index = Index(texts)
        self._frequencies, self._count = document_frequencies(texts)

    def attach(self, row: dict) -> dict:
        """The row with `contexts` and `distractors` added to. A row whose rate is 1 is about its own context and stays as it is."""
        if row.get('rate', 1.0) >= 1:
            return row
        found = [self._passages[i] for i, _score in self._index.search(' '.join((row['prompt'], *row['options'])), HALF_RELEVANT.stop)]
        if not found:
            return row
        best, half = found[:BEST], found[HALF_RELEVANT]
        other = self._unrelated(found[0]['book'])
        among = [self._rng.choice(best), *other]
        self._rng.shuffle(among)
        contexts = [self._fitted(row, best), self._fitted(row, among)]
        distractors = [self._fitted(row, other)]
        if half:
            distractors.append(self._fitted(row, self._rng.sample(half, min(3, len(half)))))
        return {**row, 'contexts': [*row.get('contexts', []), *contexts], 'distractors': [*row.get('distractors', []), *distractors]}

    def _unrelated(self, book: str) -> list[dict]:
        found: list[dict] = []
        while len(found) < 3:
            passage = self._rng.choice(self._passages)
            if passage['book'] != book or len({p['book'] for p in self._passages}) == 1:
                found.append(passage)
        return found

    def _fitted(self, row: dict, passages: list[dict]) -> str:
        text = ' '.join(p['text'] for p in passages)
        return fit(text, row['prompt'], row['options'], self._words, self._frequencies, self._count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('library', type=Path, help='JSONL of {book, title, text}')
    parser.add_argument('items', type=Path, nargs='+', help='training items, .jsonl or .jsonl.xz')
    parser.add_argument('output', type=Path)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    attacher = Attacher(list(read_rows(args.library)), args.seed)
    print(write_rows(args.output, (attacher.attach(row) for path in args.items for row in read_rows(path))), 'items')


if __name__ == '__main__':
    main()
