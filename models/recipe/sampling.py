"""What one pass over the training items looks like: which context each gets, and which items share a batch.

Everything follows from the seed and the number of the pass, so that a resumed run sees the batches it would have seen.
"""
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from encode import Encoded, Encoder
from items import Item


@dataclass(frozen=True)
class Mixture:
    """What a pass is made of."""

    distract: float = 0.2  # share of the items with rate < 1 that get a passage which does not fit
    own: float = 0.7  # of the contexts given, the share that is the item's first and not one found for it in the library
    weights: Mapping[str, float] = field(default_factory=dict)  # source -> how often its items are in a pass; 1 where not named

    def copies(self, item: Item) -> float:
        return self.weights.get(item.source, 1.0)


@dataclass
class Sample:
    encoded: Encoded
    answer: int
    teacher: list[float] | None  # a teacher's logits for the context drawn, where there are some


class Passes:
    def __init__(self, items: Sequence[Item], encoder: Encoder, mixture: Mixture, seed: int, tokens: int):
        """tokens: padded size of a batch."""
        self._items, self._encoder, self._mixture, self._seed, self._tokens = items, encoder, mixture, seed, tokens
        self._by_source: dict[str, list[Item]] = {}
        for item in items:
            self._by_source.setdefault(item.source, []).append(item)
        self.size = sum(mixture.copies(item) for item in items)  # questions in a pass, on average

    def batches(self, number: int) -> list[list[Sample]]:
        """All batches of a pass, in random order; every item is in them as often as the mixture says."""
        rng = random.Random(f'{self._seed} {number}')
        samples = [self._draw(item, rng) for item in self._items for _ in range(int(self._mixture.copies(item) + rng.random()))]
        batches = group(samples, self._tokens, rng)
        rng.shuffle(batches)
        return batches

    def _draw(self, item: Item, rng: random.Random) -> Sample:
        context, kind = None, 'closed'
        if item.rate < 1 and rng.random() < self._mixture.distract:
            context, kind = self._misleading(item, rng), 'misleading'
        elif item.contexts and rng.random() < item.rate:
            own, *others = item.contexts
            context, kind = (rng.choice(others), 'other') if others and rng.random() >= self._mixture.own else (own, 'context')
        question = replace(item.question, context=context)
        return Sample(self._encoder.question(question.prompt, question.options, context), question.answer, item.teacher.get(kind))

    def _misleading(self, item: Item, rng: random.Random) -> str | None:
        """One of the item's own distractors, else what another question of the same source was given."""
        if item.distractors and rng.random() < 0.7:
            return rng.choice(item.distractors)
        other = rng.choice(self._by_source[item.source])
        return rng.choice(other.contexts) if other.contexts and other is not item else None


def group(samples: Sequence[Sample], budget: int, rng: random.Random) -> list[list[Sample]]:
    """Batches of at most `budget` padded tokens (or one sample). Samples are sorted into buckets of like shape first: prefixes in steps of 48
    tokens, the longest option in steps that widen, so that one long option does not pad its neighbours."""

    def bucket(sample: Sample) -> tuple[int, int, int, float]:
        p_len, c_len, o_len = shape(sample)
        return c_len, p_len // 48, int(o_len**0.7), p_len + rng.random() * 2

    batches: list[list[Sample]] = []
    largest = (0, 0, 0)
    for sample in sorted(samples, key=bucket):
        grown = tuple(map(max, largest, shape(sample)))
        if batches and (len(batches[-1]) + 1) * padded_tokens(grown) <= budget:
            batches[-1].append(sample)
            largest = grown
        else:
            batches.append([sample])
            largest = shape(sample)
    return batches


def shape(sample: Sample) -> tuple[int, int, int]:
    choices = sample.encoded.choices
    return len(sample.encoded.prefix), len(choices), max(map(len, choices))


def padded_tokens(size: tuple[int, ...]) -> int:
    p_len, c_len, o_len = size
    return p_len + c_len * o_len
