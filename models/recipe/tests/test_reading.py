import random
from collections import Counter

import pytest

import make_reading
import make_wordnet
import near_miss
import patterns
from attach_contexts import Attacher
from retrieve import Index


def found(sentence: str) -> list[tuple[str, str, str]]:
    return [(f.kind, f.prompt, f.answer) for f in patterns.find(sentence)]


@pytest.mark.parametrize(
    'sentence, expected',
    [
        (
            'An epidemic is a disease that occurs in an unusually high number of individuals.',
            ('definition', 'Which of the following best describes an epidemic?', 'A disease that occurs in an unusually high number of individuals'),
        ),
        (
            'A process by which a gas does work at constant pressure is called an isobaric process.',
            ('name', 'What is the name for a process by which a gas does work at constant pressure?', 'isobaric process'),
        ),
        (
            'A pressure cooker cooks food faster than an open pot, because the water can exist as a liquid above its boiling point.',
            (
                'cause',
                'Which of the following best explains why a pressure cooker cooks food faster than an open pot?',
                'The water can exist as a liquid above its boiling point',
            ),
        ),
        (
            'Because a human cell has 46 chromosomes, there are 92 chromatids in the cell.',
            ('cause', 'Which of the following best explains why there are 92 chromatids in the cell?', 'A human cell has 46 chromosomes'),
        ),
        (
            'Inhalation of fungal spores can cause severe pneumonia and systemic infections.',
            ('effect', 'What can inhalation of fungal spores cause?', 'Severe pneumonia and systemic infections'),
        ),
        (
            'The leading strand is synthesized continuously, whereas the lagging strand is synthesized in short stretches.',
            ('contrast', 'The leading strand is synthesized continuously, whereas', 'the lagging strand is synthesized in short stretches'),
        ),
    ],
)
def test_a_sentence_gives_its_question(sentence, expected):
    assert found(sentence) == [expected]


@pytest.mark.parametrize(
    'sentence',
    [
        'This is a disease that occurs in an unusually high number of individuals.',
        'It cooks food faster than an open pot because the water gets hotter.',
        'The figure is a drawing that shows our cell with its many walls and membranes.',
        'The drug is given because of the short time that remains for treatment.',
        'DNA is short.',
    ],
)
def test_a_sentence_that_leans_on_others_gives_none(sentence):
    assert found(sentence) == []


def test_a_cloze_blanks_the_longest_term():
    sentence = 'Most of the energy in a cell is stored by oxidative phosphorylation in the inner membrane.'
    made = patterns.cloze(sentence, {'phosphorylation', 'oxidative phosphorylation'})
    assert (made.prompt, made.answer) == (sentence.replace('oxidative phosphorylation', '_____'), 'oxidative phosphorylation')


def test_names_and_symbols_keep_their_case():
    assert [patterns.lower_first(t) for t in ('The cell', 'DNA copies', 'NaCl melts', 'A wall')] == ['the cell', 'DNA copies', 'NaCl melts', 'a wall']


def test_an_edit_flips_one_word():
    assert near_miss.flipped('Pressure increases with depth.', random.Random(1)) in ('Pressure decreases with depth.', 'Pressure increases without depth.')


def test_an_edit_changes_numbers_but_not_years():
    assert near_miss.renumbered('In 1905 the text has 46 pages.', random.Random(0)).startswith('In 1905') and near_miss.renumbered('In 1905.', random.Random(0)) is None


def test_an_edit_exchanges_terms():
    assert near_miss.exchanged('Mitochondria make ATP.', ['mitochondria', 'ribosomes'], random.Random(0)) == 'Ribosomes make ATP.'


def test_near_misses_differ_from_the_text_and_each_other():
    text = 'The inner membrane has a higher pressure of 40 units.'
    made = near_miss.near_misses(text, [], 3, random.Random(0))
    assert len({text, *made}) == 4


def test_the_answer_takes_every_place_by_length():
    rng = random.Random(0)
    answer, pool = 'x' * 20, [f'{i:02d}' + 'y' * (n - 2) for i, n in enumerate([12, 14, 16, 17, 18, 19, 22, 24, 26, 28, 30])]
    places = Counter(sum(len(o) < 20 for o in near_miss.balanced(answer, pool, 4, rng)) for _ in range(500))
    assert set(places) == {0, 1, 2, 3, 4} and min(places.values()) > 60


def test_no_option_says_the_same_twice():
    assert near_miss.balanced('the wall', ['The Wall', 'a cell', 'A cell.', 'energy', 'light', 'water'], 4, random.Random(0)).__len__() == 4


BOOK = [
    {'book': 'B', 'title': 'Cells', 'text': f'{name} is a part of the cell that {what} every day. The inner wall has a higher pressure than the outer wall of a plant.'}
    for name, what in [('Osmium', 'moves water'), ('Lysosome', 'digests waste'), ('Nucleus', 'stores heritable data'), ('Ribosome', 'builds a protein'), ('Vacuole', 'keeps water')]
]


def test_made_items_are_whole_and_reproducible():
    rows = make_reading.make(BOOK, 1)
    assert rows == make_reading.make(BOOK, 1) and {r['source'] for r in rows} >= {'openstax-definition'}
    for row in rows:
        assert len(set(row['options'])) == 5 and row['options'][row['answer']].rstrip('.').lower() in ' '.join(p['text'] for p in BOOK).lower()


def test_evening_limits_the_commonest_place():
    rows = [{'source': 's', 'options': ['a', 'bb', 'ccc', 'dddd', 'eeeee'], 'answer': a} for a in [0] * 50 + [1] * 12 + [2] * 8 + [3] * 8 + [4] * 20]
    assert max(Counter(r['answer'] for r in make_reading.evened(rows, random.Random(0))).values()) <= 10


def test_bm25_equals_its_formula():
    texts = ['water water cell', 'cell wall', 'light']
    (best, score), *_ = Index(texts).search('water', 3)
    length, mean = 3, 2
    expected = 0.9808 * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * length / mean))  # log(1 + 2.5 / 1.5) = 0.9808
    assert best == 0 and score == pytest.approx(expected, abs=1e-3)


def test_search_puts_the_best_first_and_leaves_out_strangers():
    assert [i for i, _ in Index(['a cell', 'cell wall cell', 'light']).search('cell wall', 3)] == [1, 0]


def test_items_about_their_context_get_no_other():
    library = [{'book': f'b{i % 2}', 'text': f'cell {i} water'} for i in range(40)]
    row = {'source': 's', 'prompt': 'cell?', 'options': ['water', 'light'], 'answer': 0, 'context': 'water', 'rate': 1.0}
    assert Attacher(library, 0).attach(row) == row


def test_knowledge_items_get_good_and_bad_passages():
    library = [{'book': f'b{i % 2}', 'text': f'cell {i} water'} for i in range(40)]
    made = Attacher(library, 0).attach({'source': 's', 'prompt': 'cell?', 'options': ['water', 'light'], 'answer': 0, 'rate': 0.5})
    assert (len(made['contexts']), len(made['distractors'])) == (2, 2)


WORDNET = """  1 This software and database
00001740 17 n 02 granite 0 stone_kind 1 001 @ 00000001 n 0000 | a hard igneous mass of quartz and feldspar; "walls of granite"
00001741 17 n 01 basalt 0 001 @ 00000001 n 0000 | a dark igneous mass from cooled lava
"""


def test_wordnet_lines_are_read_without_examples():
    assert list(make_wordnet.read_synsets(WORDNET.splitlines())) == [
        make_wordnet.Synset('granite', 'a hard igneous mass of quartz and feldspar', '00000001'),
        make_wordnet.Synset('basalt', 'a dark igneous mass from cooled lava', '00000001'),
    ]


def test_wordnet_questions_compete_with_sisters():
    synsets = [make_wordnet.Synset(f'word{i}', f'a thing of kind number {i}', 'h' if i < 6 else 'g') for i in range(8)]
    rows = make_wordnet.make(synsets, 0)
    assert len(rows) == 6 and all('6' not in ''.join(r['options']) + r['prompt'] for r in rows)
