import pytest

import tiny
from encode import Encoder


@pytest.fixture
def encoder(tmp_path):
    tiny.write_tokenizer(tmp_path / 'tokenizer.json')
    return Encoder(tmp_path / 'tokenizer.json', max_prefix=24, max_choice=5)


def ids(text: str) -> list[int]:
    return [4 + tiny.WORDS.index(word) for word in text.split()]


def test_the_context_stands_before_the_prompt(encoder):
    question = encoder.question('what is water ?', ['light'], 'the cell')
    assert question.prefix == [2, *ids('the cell # # # # what is water ?'), 3] and question.context_tokens == 2


def test_without_a_context_there_is_no_separator(encoder):
    assert encoder.question('what is water ?', ['light'], None).prefix == [2, *ids('what is water ?'), 3]


def test_the_context_is_cut_to_the_room_left(encoder):
    question = encoder.question('what is water ?', ['light'], 'cell ' * 50)
    assert len(question.prefix) == 24 and question.context_tokens == 14


def test_a_long_prompt_keeps_its_end_and_loses_the_context(encoder):
    question = encoder.question('water ' * 40 + 'light ?', ['light'], 'the cell')
    assert question.prefix[-3:] == [*ids('light ?'), 3] and (len(question.prefix), question.context_tokens) == (24, 0)


def test_a_long_option_keeps_its_beginning(encoder):
    assert encoder.question('what', ['light cell cell cell cell'], None).choices == [[2, *ids('light cell cell'), 3]]


def test_special_tokens_in_text_stay_text(encoder):
    assert 3 not in encoder.question('[SEP]', ['[SEP] water'], None).choices[0][1:-1]
