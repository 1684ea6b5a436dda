"""Context fitting: keep the sentences of a context that share most idf weight with prompt and options, in their own order, up to a budget
of words. A context within the budget is used as it stands. The page fits in the same way (src/core/encode/fit.ts), sentence for sentence.

Stems are Snowball English (Porter2), by PyStemmer. The idf is BM25's: log(1 + (N - df + 0.5) / (df + 0.5)).
"""
import argparse
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import Stemmer

WORDS = 95
SENTENCE_WORDS = 60
_stemmer = Stemmer.Stemmer('english')
_sentence_end = re.compile(r'(?<=[.!?;])\s+(?=[A-Z0-9"(=])')


def stems(text: str) -> list[str]:
    return _stemmer.stemWords(re.findall(r'[a-z0-9]+', text.lower()))


def sentences(text: str) -> list[str]:
    return [s for s in _sentence_end.split(text) if s.strip()]


def document_frequencies(texts: Iterable[str]) -> tuple[Counter[str], int]:
    """-> in how many texts each stem occurs, and the number of texts."""
    counts: Counter[str] = Counter()
    passages = 0
    for text in texts:
        counts.update(set(stems(text)))
        passages += 1
    return counts, passages


def load_frequencies(path: Path) -> tuple[Counter[str], int]:
    """Reads stems.json as served; a stem it does not list counts as never seen."""
    table = json.loads(path.read_text())
    return Counter(table['stems']), table['passages']


def fit(context: str, prompt: str, options: list[str], words: int, frequencies: Mapping[str, int], passages: int) -> str:
    """The best sentences of `context` up to about `words` words. Ties keep the text's order; the best sentence is kept even alone over the budget."""
    if len(context.split()) <= words:
        return context
    parts = [' '.join(s.split()[:SENTENCE_WORDS]) for s in sentences(context)]
    weight = Counter(set(stems(prompt)))  # 1 for a stem of the prompt, 0.5 for each option that has it
    for option in options:
        for stem in set(stems(option)):
            weight[stem] += 0.5
    idf = lambda stem: math.log(1 + (passages - frequencies.get(stem, 0) + 0.5) / (frequencies.get(stem, 0) + 0.5))
    scores = []
    for part in parts:
        found = stems(part)
        shared = sum(idf(s) * min(weight[s], 1.5) for s in dict.fromkeys(found) if s in weight)
        scores.append(shared / (len(found) + 12) ** 0.5)
    kept, used = [], 0
    for i in sorted(range(len(parts)), key=lambda i: -scores[i]):
        size = len(parts[i].split())
        if used and used + size > words:
            continue
        kept.append(i)
        used += size
        if used >= words * 0.9:
            break
    return ' '.join(parts[i] for i in sorted(kept))


def main() -> None:
    parser = argparse.ArgumentParser(description='Fit the contexts of a question file to a word budget.')
    parser.add_argument('questions', type=Path, help='JSONL of {prompt, options, context?}')
    parser.add_argument('output', type=Path)
    parser.add_argument('--stems', type=Path, required=True, help='stems.json of a model folder')
    parser.add_argument('--words', type=int, default=WORDS)
    args = parser.parse_args()
    frequencies, passages = load_frequencies(args.stems)
    with args.output.open('w') as out:
        for line in args.questions.open():
            item = json.loads(line)
            if item.get('context'):
                item['context'] = fit(item['context'], item['prompt'], item['options'], args.words, frequencies, passages)
            out.write(json.dumps(item, ensure_ascii=False) + '\n')


if __name__ == '__main__':
    main()
