from pathlib import Path

import pytest

import items
from questions import read

WRITTEN = Path(__file__).parents[1] / 'questions'
TRAINED_ON = ['textbook.jsonl', 'encyclopedia.jsonl']
FILES = [*TRAINED_ON, 'exam-style.csv']


@pytest.mark.parametrize('name', FILES)
def test_written_questions_are_whole_and_differ(name):
    questions = read(WRITTEN / name)
    assert len({q.prompt.lower() for q in questions}) == len(questions) > 200
    for question in questions:
        assert question.prompt.strip() and question.context and question.answer in range(5)
        assert len({option.strip().lower() for option in question.options} - {''}) == 5, question.prompt


@pytest.mark.parametrize('name', FILES)
def test_no_place_among_the_options_gives_the_answer_away(name):
    answers = [q.answer for q in read(WRITTEN / name)]
    assert all(0.14 < answers.count(place) / len(answers) < 0.26 for place in range(5))


@pytest.mark.parametrize('name', TRAINED_ON)
def test_they_are_training_items_of_which_a_twentieth_is_held_out(name):
    written = items.read_items(WRITTEN / name)
    assert all(item.source == name.removesuffix('.jsonl') and item.contexts for item in written)
    assert 0.03 < sum(items.is_held_out(item.question.prompt) for item in written) / len(written) < 0.07


def test_what_is_measured_on_is_not_trained_on():
    trained = {q.prompt.lower() for name in TRAINED_ON for q in read(WRITTEN / name)}
    assert not trained & {q.prompt.lower() for q in read(WRITTEN / 'exam-style.csv')}
