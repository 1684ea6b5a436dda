"""Reading questions from textbook paragraphs: five exam-like options, near-miss wrong ones, lengths that give nothing away.

A definition competes with other definitions of its chapter and with edits of itself; a term with other terms; a statement with false edits of
its neighbours in the same paragraph. The context is the paragraph, fitted to the budget. Deterministic for a seed.
"""
import argparse
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import patterns
from fit import WORDS, document_frequencies, fit, sentences
from items import read_rows, write_rows
from near_miss import balanced, near_misses

OPTIONS = 5
UNEVEN = 1.25
# How often a kind is trained with its paragraph: a definition can be known, a statement is about the passage.
RATES = {'definition': 0.7, 'name': 0.7, 'cause': 0.8, 'effect': 0.8, 'contrast': 0.9, 'cloze': 0.8, 'statement': 1.0}
STATEMENT_PROMPTS = ('Which of the following statements about {} is correct?', 'What is true of {}?', 'Which statement about {} does the text support?')
UNTITLED = ('introduction', 'summary', 'key terms')


@dataclass
class Shelf:
    """What can compete with an answer, by chapter title or by book."""

    answers: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))  # (place, kind) -> answers
    terms: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def places(paragraph: dict) -> tuple[str, str]:
    return f'{paragraph["book"]}/{paragraph["title"]}', paragraph['book']


def stock(paragraphs: list[dict]) -> Shelf:
    shelf = Shelf()
    for paragraph in paragraphs:
        for sentence in sentences(paragraph['text']):
            term = patterns.term_of(sentence)
            for place in places(paragraph):
                if term and term not in shelf.terms[place]:
                    shelf.terms[place].append(term)
                for found in patterns.find(sentence):
                    shelf.answers[place, found.kind].append(found.answer)
    return shelf


def competitors(found: patterns.Found, paragraph: dict, shelf: Shelf, rng: random.Random) -> list[str]:
    title, book = places(paragraph)
    if found.is_term:
        competing = lambda term: term not in f'{found.answer} {found.prompt}'.lower() and found.answer.lower() not in term
        same_case = patterns.upper_first if found.answer[0].isupper() else str
        near, far = ([same_case(term) for term in shelf.terms[place] if competing(term)] for place in (title, book))
        edits = []
    else:
        near, far = (shelf.answers[place, found.kind] for place in (title, book))
        edits = near_misses(found.answer, shelf.terms[title], rng.randint(1, 3), rng)
    by_length = lambda options, most: sorted(rng.sample(options, min(len(options), most)), key=lambda o: abs(len(o) - len(found.answer)))
    return balanced(found.answer, by_length(near, 12) + by_length(far, 40), OPTIONS - 1, rng, edits)


def statement(paragraph: dict, shelf: Shelf, rng: random.Random) -> tuple[patterns.Found, list[str]] | None:
    """One sentence stands, its neighbours are made false."""
    good = [s for s in sentences(paragraph['text']) if 8 <= len(s.split()) <= 34 and not patterns.LEANS.search(s)]
    if len(good) < 2:
        return None
    true = rng.choice(good)
    false = [edit for s in good for edit in near_misses(s, shelf.terms[places(paragraph)[0]], 2, rng)]
    rng.shuffle(false)
    title = paragraph['title']
    prompt = 'Which of the following statements is correct?' if title.lower() in UNTITLED else rng.choice(STATEMENT_PROMPTS).format(title)
    return patterns.Found('statement', prompt, true), balanced(true, false, OPTIONS - 1, rng)


def questions_of(paragraph: dict, shelf: Shelf, rng: random.Random):
    """(found, wrong options) for every question the paragraph gives."""
    terms = set(shelf.terms[places(paragraph)[0]])
    for sentence in sentences(paragraph['text']):
        founds = list(patterns.find(sentence))
        blanked = patterns.cloze(sentence, terms) if not founds else None
        for found in [*founds, *([blanked] if blanked else [])]:
            yield found, competitors(found, paragraph, shelf, rng)
    made = statement(paragraph, shelf, rng)
    if made:
        yield made


def make(paragraphs: list[dict], seed: int, words: int = WORDS) -> list[dict]:
    """Items for items.py, one per question that found four wrong options."""
    rng = random.Random(seed)
    shelf = stock(paragraphs)
    frequencies, passages = document_frequencies(p['text'] for p in paragraphs)
    rows = []
    for paragraph in paragraphs:
        for found, wrong in questions_of(paragraph, shelf, rng):
            options = [patterns.upper_first(o) if found.kind != 'contrast' and not found.is_term else o for o in (found.answer, *wrong)]
            if len({o.lower() for o in options}) < OPTIONS:
                continue
            rng.shuffle(options)
            answer = patterns.upper_first(found.answer) if found.kind != 'contrast' and not found.is_term else found.answer
            context = fit(paragraph['text'], found.prompt, options, words, frequencies, passages)
            row = {'source': f'openstax-{found.kind}', 'prompt': found.prompt, 'options': options, 'answer': options.index(answer)}
            rows.append({**row, 'context': context, 'rate': RATES[found.kind]})
    return evened(rows, rng)


def place_by_length(row: dict) -> int:
    """0 where the answer is the shortest option."""
    return sorted(map(len, row['options'])).index(len(row['options'][row['answer']]))


def evened(rows: list[dict], rng: random.Random) -> list[dict]:
    """Drops items at random until, in each source, no place of the answer by length is much more common than the rarest."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[row['source'], place_by_length(row)].append(i)
    kept: list[int] = []
    for source in dict.fromkeys(row['source'] for row in rows):
        places_of = [groups[source, place] for place in range(OPTIONS)]
        most = round(UNEVEN * max(1, min(map(len, places_of))))
        kept += [i for group in places_of for i in rng.sample(group, min(most, len(group)))]
    return [rows[i] for i in sorted(kept)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('library', type=Path, help='JSONL of {book, title, text}')
    parser.add_argument('output', type=Path)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--limit', type=int, help='use only so many paragraphs, drawn at random')
    args = parser.parse_args()
    paragraphs = list(read_rows(args.library))
    if args.limit:
        paragraphs = random.Random(args.seed).sample(paragraphs, min(args.limit, len(paragraphs)))
    rows = make(paragraphs, args.seed)
    write_rows(args.output, rows)
    lengths = Counter(map(place_by_length, rows))
    print(dict(Counter(r['source'] for r in rows)), 'place of the answer by length, shortest first:', [lengths[i] for i in range(OPTIONS)])


if __name__ == '__main__':
    main()
