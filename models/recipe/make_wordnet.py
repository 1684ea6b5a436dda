"""Vocabulary questions from WordNet's noun glosses (Princeton WordNet 3.0, its own licence; Debian: wordnet-base, /usr/share/wordnet/data.noun).

Half ask for the word of a gloss, half for the gloss of a word. Wrong options are its sisters in the hierarchy (same hypernym), so that the
subject alone does not tell. File format: wndb(5WN).
"""
import argparse
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from items import write_rows
from near_miss import balanced
from patterns import upper_first

OPTIONS = 5
# Lexicographer files of data.noun that an exam asks about: act, animal, artifact, attribute, body, cognition, food, natural object, phenomenon,
# plant, possession, process, quantity, state, substance, time (wndb's lexnames).
SUBJECTS = {'04', '05', '06', '07', '08', '09', '13', '17', '19', '20', '22', '23', '26', '27', '28'}


@dataclass(frozen=True)
class Synset:
    word: str
    gloss: str
    hypernym: str


def read_synsets(lines: Iterable[str]) -> Iterator[Synset]:
    for line in lines:
        if line.startswith(' ') or '|' not in line:
            continue  # the licence at the head of the file
        data, gloss = line.split('|', 1)
        fields = data.split()
        words = [w.replace('_', ' ') for w in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
        hypernym = re.search(r'@ (\d{8}) n', data)
        meaning = re.split(r';\s*"|; (?:e\.g|for example)', gloss.strip())[0].strip()
        if hypernym and fields[1] in SUBJECTS and len(meaning.split()) >= 4 and not set(words[0].lower().split()) & set(re.findall(r'\w+', meaning.lower())):
            yield Synset(words[0], meaning, hypernym[1])


def make(synsets: list[Synset], seed: int) -> list[dict]:
    """Items without a context, one per synset that has four sisters."""
    rng = random.Random(seed)
    sisters: dict[str, list[Synset]] = defaultdict(list)
    for synset in synsets:
        sisters[synset.hypernym].append(synset)
    rows = []
    for synset in synsets:
        others = [s for s in sisters[synset.hypernym] if s.word != synset.word]
        others = rng.sample(others, min(len(others), 20))
        if rng.random() < 0.5:
            prompt, answer, rivals = f'{upper_first(synset.gloss)}:', synset.word, [s.word for s in others]
        else:
            prompt, answer, rivals = f'Which of the following best describes {synset.word}?', upper_first(synset.gloss), [upper_first(s.gloss) for s in others]
        options = [answer, *balanced(answer, rivals, OPTIONS - 1, rng)]
        if len(options) < OPTIONS:
            continue
        rng.shuffle(options)
        rows.append({'source': 'wordnet', 'prompt': prompt, 'options': options, 'answer': options.index(answer), 'rate': 0.3})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data_noun', type=Path, help='data.noun of WordNet 3.0')
    parser.add_argument('output', type=Path)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--limit', type=int, default=12000)
    args = parser.parse_args()
    rows = make(list(read_synsets(args.data_noun.open(encoding='utf-8'))), args.seed)
    random.Random(args.seed).shuffle(rows)
    print(write_rows(args.output, rows[: args.limit]), 'of', len(rows), 'items')


if __name__ == '__main__':
    main()
