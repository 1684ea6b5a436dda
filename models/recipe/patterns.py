"""Questions that a textbook sentence answers by its own grammar: definitions, names, causes, effects, contrasts, and clozes.

Patterns are strict and drop most sentences: a sentence that leans on the one before it (this, these, it) or on a figure gives no question.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass

LEANS = re.compile(r'(?i)\b(this|these|those|such|it|its|they|their|he|she|his|her|we|us|our|you|your|figure|table|equation|chapter|section|example|above|below|following)\b')
TERM = r"[A-Za-zÀ-ÿα-ω][\w'’\-]*(?: [\w'’\-]+){0,3}?"
VAGUE = re.compile(r'(?i)^(?:thus|therefore|hence|then|also|so|now|later|first|second|third|next|finally|however|there|what|which|that|here|one|another|some|most|many|each|both|all|if|when|where|because|although|while|since|as|in|on|at|for|to|by|with|from|of|and|but|or|not|how|why|result|reason|purpose|goal|idea|fact|difference|answer|problem|two|three)\b')
UNFINISHED = re.compile(r'(?i)\b(?:is|are|was|were|can|could|will|would|may|might|must|should|do|does|did|has|have|had)$')


@dataclass(frozen=True)
class Found:
    kind: str
    prompt: str
    answer: str
    is_term: bool = False  # the answer is a term, and other terms compete with it


def find(sentence: str) -> Iterator[Found]:
    """Every question that `sentence` (one, whole) answers, clozes apart."""
    sentence = ' '.join(re.sub(r'\s*\([^()]*\)', '', sentence).split()).rstrip('.;:, ')
    if not 8 <= len(sentence.split()) <= 40 or re.search(r'[\\=_^?"“”\[\]]', sentence):
        return
    for pattern in (definition, name, cause, effect, contrast):
        yield from pattern(sentence)


def definition(sentence: str) -> Iterator[Found]:
    match = re.match(rf'(?P<article>An? |The )?(?P<term>{TERM}) (?P<verb>is|are) (?:defined as |known as )?(?P<meaning>(?:an?|the|any) .+)', sentence)
    if not match or is_vague(match['term']) or LEANS.search(match['term']) or not 5 <= len(match['meaning'].split()) <= 30 or LEANS.search(match['meaning']):
        return
    term = f'{(match["article"] or "").lower()}{lower_first(match["term"])}'
    yield Found('definition', f'Which of the following best describes {term}?', upper_first(match['meaning']))


def name(sentence: str) -> Iterator[Found]:
    match = re.match(rf'(?P<meaning>.+?),? (?:is|are) (?:called|known as|termed|referred to as) (?:an? |the )?(?P<term>{TERM})$', sentence)
    if not match or len(match['meaning'].split()) < 5 or any(is_vague(part) or LEANS.search(part) for part in (match['meaning'], match['term'])):
        return
    yield Found('name', f'What is the name for {lower_first(match["meaning"])}?', match['term'], is_term=True)


def cause(sentence: str) -> Iterator[Found]:
    match = re.match(r'(?P<effect>[^,;:]+),? because (?P<cause>(?!of\b)[^;:]+)$', sentence) or re.match(r'Because (?P<cause>(?!of\b)[^,;:]+), (?P<effect>[^;:]+)$', sentence)
    if not match or min(len(match[part].split()) for part in ('effect', 'cause')) < 4 or LEANS.search(match['effect']) or UNFINISHED.search(match['effect']):
        return
    if LEANS.search(match['cause'].split()[0]) or match['effect'].split()[-1] in ('only', 'not', 'and', 'but'):
        return
    yield Found('cause', f'Which of the following best explains why {lower_first(match["effect"])}?', upper_first(match['cause']))


def effect(sentence: str) -> Iterator[Found]:
    verbs = {'leads to': 'does {} lead to', 'results in': 'does {} result in', 'causes': 'does {} cause', 'lead to': 'do {} lead to', 'result in': 'do {} result in'}
    verbs |= {f'{modal} {verb}': f'{modal} {{}} {verb}' for modal in ('can', 'may', 'will', 'could') for verb in ('lead to', 'result in', 'cause')}
    match = re.match(rf'(?P<cause>[^,;:]+?) (?P<verb>{"|".join(verbs)}) (?P<effect>[^;:]+)$', sentence)
    if not match or not 2 <= len(match['cause'].split()) <= 12 or len(match['effect'].split()) < 3 or is_vague(match['cause']) or LEANS.search(match['cause']):
        return
    if re.search(r'\b(?:that|which|who|to|and|or|can|may|will|could)$', match['cause']) or LEANS.search(match['effect'].split()[0]):
        return
    if re.match('result|lead|cause|occur', match['effect']):
        return
    yield Found('effect', f'What {verbs[match["verb"]].format(lower_first(match["cause"]))}?', upper_first(match['effect']))


def contrast(sentence: str) -> Iterator[Found]:
    match = re.match(r'(?P<one>[^,;:]+),? (?P<word>whereas|while) (?P<other>(?!\w+ing\b)[^;:]+)$', sentence)
    if not match or min(len(match[part].split()) for part in ('one', 'other')) < 5 or LEANS.search(match['one']) or LEANS.search(match['other'].split()[0]):
        return
    if match['word'] == 'while' and f'{match["one"]}, while' not in sentence:  # without a comma it is mostly about time
        return
    yield Found('contrast', f'{match["one"]}, whereas', match['other'])


def cloze(sentence: str, terms: set[str]) -> Found | None:
    """The longest of `terms` (lower case) that stands in the sentence once is blanked."""
    sentence = ' '.join(sentence.split())
    if not 10 <= len(sentence.split()) <= 36 or LEANS.search(sentence) or re.search(r'[\\=_^?\[\]]', sentence):
        return None
    words = re.findall(r"[\w'’\-]+", sentence)
    for length in (4, 3, 2, 1):
        for start in range(len(words) - length + 1):
            term = ' '.join(words[start : start + length])
            if term.lower() in terms and len(re.findall(rf'(?i)\b{re.escape(term)}', sentence)) == 1:
                return Found('cloze', re.sub(rf'\b{re.escape(term)}\b', '_____', sentence, count=1), term, is_term=True)
    return None


def term_of(sentence: str) -> str | None:
    """The term that a sentence defines or names, lower case."""
    for pattern in (definition, name):
        for found in pattern(sentence.rstrip('.')):
            term = found.answer if found.is_term else re.sub(r'^(?:an? |the )', '', found.prompt[len('Which of the following best describes ') : -1])
            return term.lower()
    return None


def is_vague(text: str) -> bool:
    return bool(VAGUE.match(text)) or len(text) < 3


def upper_first(text: str) -> str:
    return text[0].upper() + text[1:]


def lower_first(text: str) -> str:
    """Lowers the first letter, unless its word looks like a name or a symbol (DNA, pH, Na+)."""
    first = text.split()[0]
    is_plain = first.isalpha() and first[1:].islower() or len(first) == 1 and first in 'AI'
    return text[0].lower() + text[1:] if is_plain else text
