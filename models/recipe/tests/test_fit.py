import json

import fit

TEXTS = ['Osmosis moves water through a membrane.', 'Light stores energy in sugar.', 'Water is wet.', 'The cell has a wall.']
FREQUENCIES, PASSAGES = fit.document_frequencies(TEXTS)
CONTEXT = 'Cats sleep all day. Osmosis moves water through a membrane. Dogs bark at night. Water boils at a hundred degrees. Birds sing at dawn.'


def fitted(words: int, prompt: str = 'What does osmosis move?', options=('water', 'light')) -> str:
    return fit.fit(CONTEXT, prompt, list(options), words, FREQUENCIES, PASSAGES)


def test_a_short_context_stands_as_it_is():
    assert fitted(100) == CONTEXT


def test_the_best_sentence_is_kept():
    assert fitted(6) == 'Osmosis moves water through a membrane.'


def test_sentences_keep_their_order():
    assert fitted(13, 'How many degrees boil water, and what is osmosis?') == 'Osmosis moves water through a membrane. Water boils at a hundred degrees.'


def test_a_sentence_over_the_budget_is_kept_alone():
    assert fitted(2) == 'Osmosis moves water through a membrane.'


def test_ties_keep_the_order_of_the_text():
    assert fitted(4, 'Nothing in common', ('nothing', 'either')) == 'Cats sleep all day.'


def test_document_frequencies_count_a_text_once():
    assert fit.document_frequencies(['water water', 'Waters'])[0]['water'] == 2


def test_served_frequencies_give_the_same_context(tmp_path):
    path = tmp_path / 'stems.json'
    path.write_text(json.dumps({'passages': PASSAGES, 'stems': FREQUENCIES}))
    assert fit.fit(CONTEXT, 'What does osmosis move?', ['water'], 6, *fit.load_frequencies(path)) == fitted(6, options=('water',))
