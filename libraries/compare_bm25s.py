"""The Python half of scripts/compare-bm25s.mjs: searches the same terms with bm25s (method "lucene") and compares the ten best passages.
usage: compare_bm25s.py COMPARISON.json      (bm25s 0.3.16, numpy 2)
Fails under 99% of queries with the same ten passages. Passages whose scores differ by less than 1e-4 may change places: bm25s adds in float32."""
import json
import sys

import bm25s
import numpy as np

data = json.load(open(sys.argv[1]))
model = bm25s.BM25(method='lucene', **data['settings'])
model.index(data['passages'], show_progress=False)
same = tied = 0
largest = 0.0
for terms, hits in zip(data['queries'], data['hits']):
    scores = model.get_scores(terms)
    theirs = np.argsort(-scores, kind='stable')[: len(hits)]
    ours = [hit['passage'] for hit in hits]
    largest = max([largest, *(abs(float(scores[hit['passage']]) - hit['score']) for hit in hits)])
    if set(theirs.tolist()) == set(ours):
        same += 1
    elif np.allclose(np.sort(scores[theirs]), np.sort(scores[ours]), atol=1e-4):
        tied += 1
total = len(data['queries'])
print(f'{total} queries: same ten passages {same}, the same but for ties {tied}, different {total - same - tied}; largest score difference {largest:.1e}')
sys.exit(0 if same + tied >= 0.99 * total else 1)
