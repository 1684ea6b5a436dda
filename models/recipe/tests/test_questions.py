from pathlib import Path

import pytest

import items
from questions import read

WRITTEN = Path(__file__).parents[1] / 'questions'


@pytest.mark.parametrize('name', ['textbook.jsonl', 'exam-style.csv'])
def test_written_questions_are_whole_and_differ(name):
    questions = read(WRITTEN / name)
    assert len({q.prompt.lower() for q in questions}) == len(questions) > 200
    for question in questions:
        assert question.prompt.strip() and question.context and question.answer in range(5)
        assert len({option.strip().lower() for option in question.options} - {''}) == 5, question.prompt


@pytest.mark.parametrize('name', ['textbook.jsonl', 'exam-style.csv'])
def test_no_place_among_the_options_gives_the_answer_away(name):
    answers = [q.answer for q in read(WRITTEN / name)]
    assert all(0.14 < answers.count(place) / len(answers) < 0.26 for place in range(5))


def test_textbook_questions_can_be_trained_on_and_measured_with():
    written = items.read_items(WRITTEN / 'textbook.jsonl')
    assert all(item.source == 'textbook' and item.rate == 1 and item.contexts for item in written)
    assert 150 < sum(items.is_held_out(item.question.prompt) for item in written) < 350


def test_what_is_measured_on_is_not_trained_on():
    trained = {q.prompt.lower() for q in read(WRITTEN / 'textbook.jsonl')}
    assert not trained & {q.prompt.lower() for q in read(WRITTEN / 'exam-style.csv')}
