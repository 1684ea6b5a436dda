"""BM25 over the library's passages (Robertson & Zaragoza 2009; k1 = 1.2, b = 0.75), for attaching contexts to training items.

Query: the prompt and all options, their most telling stems only. A passage's score is a sum over postings, kept as two arrays a stem.
"""
import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from fit import stems

K1, B = 1.2, 0.75
QUERY_STEMS = 24


class Index:
    def __init__(self, texts: Sequence[str]):
        lists: dict[str, list[tuple[int, int]]] = defaultdict(list)
        lengths = np.zeros(len(texts), np.float32)
        for passage, text in enumerate(texts):
            counts = Counter(stems(text))
            lengths[passage] = sum(counts.values())
            for stem, count in counts.items():
                lists[stem].append((passage, count))
        self._passages = len(texts)
        norm = K1 * (1 - B + B * lengths / lengths.mean())
        self._postings: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        for stem, pairs in lists.items():
            ids, counts = np.array(pairs, np.int32).T
            self._postings[stem] = ids, (self.idf(len(ids)) * counts * (K1 + 1) / (counts + norm[ids])).astype(np.float32)

    def idf(self, frequency: int) -> float:
        return math.log(1 + (self._passages - frequency + 0.5) / (frequency + 0.5))

    def search(self, text: str, count: int) -> list[tuple[int, float]]:
        """The best `count` (passage, score), best first; ties by passage number."""
        wanted = [s for s in dict.fromkeys(stems(text)) if s in self._postings]
        wanted.sort(key=lambda s: len(self._postings[s][0]))
        scores = np.zeros(self._passages, np.float32)
        for stem in wanted[:QUERY_STEMS]:
            ids, weights = self._postings[stem]
            scores[ids] += weights
        count = min(count, self._passages)
        best = np.argpartition(-scores, count - 1)[:count] if count else []
        return [(int(i), float(scores[i])) for i in sorted(best, key=lambda i: (-scores[i], i)) if scores[i] > 0]
