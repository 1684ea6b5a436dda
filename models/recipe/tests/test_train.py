import argparse
import json
import random

import pytest
import torch

import average
import checkpoint
import evaluate
import from_bert
import items
import sampling
import tiny
import train
from encode import Encoded

SENTENCES = ['the cell wall', 'energy of light', 'water is sugar', 'a plant stores water', 'osmosis of the membrane', 'protein']


def rows(count: int) -> list[dict]:
    rng = random.Random(0)
    made = []
    for i in range(count):
        options = rng.sample(SENTENCES, 4)
        row = {'source': f's{i % 2}', 'prompt': f'what is {" ".join(rng.sample(tiny.WORDS, 5))} ?', 'options': options, 'answer': rng.randrange(4)}
        made.append({**row, 'context': rng.choice(SENTENCES) + ' .', 'rate': 0.5, 'distractors': ['the the the']})
    return made


@pytest.fixture
def folder(tmp_path):
    tiny.write_tokenizer(tmp_path / 'tokenizer.json')
    checkpoint.save(tmp_path / 'start', tiny.model(), tmp_path / 'tokenizer.json')
    items.write_rows(tmp_path / 'data.jsonl', rows(120))
    return tmp_path


def run(folder, name: str, resume: bool = False, stop_after: int | None = None, monkeypatch=None) -> dict[str, torch.Tensor]:
    args = argparse.Namespace(out=folder / name, init=folder / 'start', data=[folder / 'data.jsonl'], resume=resume, minutes=None, save_minutes=60, threads=1)
    settings = train.Settings(passes=2, tokens=300, learning_rate=1e-3, dropout=0.0, seed=3)
    if stop_after:
        original = train.Trainer.run

        def stopping(self, on_step):
            steps = iter(range(stop_after))
            original(self, lambda: on_step() or next(steps, None) is None)

        monkeypatch.setattr(train.Trainer, 'run', stopping)
    train.train(args, settings)
    monkeypatch.undo()
    return checkpoint.load(folder / name).state_dict()


def test_a_resumed_run_ends_where_an_unbroken_one_does(folder, monkeypatch):
    unbroken = run(folder, 'unbroken', monkeypatch=monkeypatch)
    run(folder, 'broken', stop_after=7, monkeypatch=monkeypatch)
    resumed = run(folder, 'broken', resume=True, monkeypatch=monkeypatch)
    for name, tensor in unbroken.items():
        torch.testing.assert_close(resumed[name], tensor, atol=1e-3, rtol=0, msg=name)


def test_a_schedule_of_hours_follows_the_clock_through_a_resumed_run(folder, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(train.time, 'time', lambda: now[0])

    def trainer():
        model, encoder = checkpoint.load(folder / 'start'), checkpoint.load_encoder(folder / 'start')
        return train.Trainer(model, encoder, items.read_items(folder / 'data.jsonl'), train.Settings(hours=2), 'cpu')

    first = trainer()
    now[0] += 1800
    assert first.progress == pytest.approx(0.25)
    state = first.state()
    now[0] += 99999  # nobody trains
    second = trainer()
    second.restore(state)
    now[0] += 3600
    assert second.progress == pytest.approx(0.75)


def test_training_lowers_the_loss(folder, monkeypatch):
    run(folder, 'run', monkeypatch=monkeypatch)
    log = [json.loads(line) for line in (folder / 'run/log.jsonl').open()]
    assert log[0]['loss'] is None and log[-1]['progress'] >= 1


def test_word_embeddings_stay_frozen(folder, monkeypatch):
    name = 'deberta.embeddings.word_embeddings.weight'
    assert torch.equal(run(folder, 'run', monkeypatch=monkeypatch)[name], checkpoint.load(folder / 'start').state_dict()[name])


def test_a_pass_holds_every_item_once_and_depends_on_seed_and_number(folder):
    encoder = checkpoint.load_encoder(folder / 'start')
    passes = lambda seed: sampling.Passes(items.read_items(folder / 'data.jsonl'), encoder, sampling.Mixture(), seed, 300)
    first, same, other = passes(1).batches(0), passes(1).batches(0), passes(1).batches(1)
    assert sum(map(len, first)) == 120 and first == same and first != other


def test_a_mixture_weighs_sources_and_prefers_an_items_own_context(folder):
    encoder = checkpoint.load_encoder(folder / 'start')
    item = lambda source, own: items.from_json(
        {'source': source, 'prompt': 'Which?', 'options': ['a', 'b'], 'answer': 0, 'rate': 0.999, 'context': own, 'contexts': ['a', 'b']}
    )
    mixed = [item('often', 'a b c d e f')] * 200 + [item('seldom', 'a b c d e f g h')] * 200 + [item('never', 'a b c d e')] * 50
    mixture = sampling.Mixture(distract=0, own=0.8, weights={'often': 2, 'seldom': 0.5, 'never': 0})
    passes = sampling.Passes(mixed, encoder, mixture, 1, 300)
    samples = [sample for batch in passes.batches(0) for sample in batch]
    assert passes.size == 500 and 460 < len(samples) < 540
    long = len(encoder.question('Which?', ['a'], 'a b c').prefix)
    own = sum(len(sample.encoded.prefix) > long for sample in samples) / len(samples)
    assert 0.74 < own < 0.86


def test_batches_keep_to_the_budget():
    rng = random.Random(0)
    question = lambda: Encoded([1] * rng.randrange(4, 90), 0, [[1] * rng.randrange(3, 40) for _ in range(4)])
    samples = [sampling.Sample(question(), 0, None) for _ in range(200)]
    for batch in sampling.group(samples, 900, rng):
        size = tuple(max(sampling.shape(s)[axis] for s in batch) for axis in range(3))
        assert len(batch) == 1 or len(batch) * sampling.padded_tokens(size) <= 900


def test_learning_rate_warms_up_and_decays():
    factors = [train.learning_rate_factor(p, 0.1) for p in (0, 0.05, 0.1, 0.55, 1)]
    assert factors == pytest.approx([0, 0.5, 1, 0.5, 0.02])


def test_the_loss_ignores_missing_choices():
    batch = [sampling.Sample(Encoded([1], 0, [[1]]), 1, None)]
    settings = train.Settings(label_smoothing=0.1)
    full, padded = torch.tensor([[0.3, 0.7, -1.0]]), torch.tensor([[0.3, 0.7, -1.0, -1e4]])
    assert train.loss_of(full, batch, settings).item() == pytest.approx(train.loss_of(padded, batch, settings).item(), abs=1e-6)


def test_a_teacher_that_agrees_adds_nothing():
    logits = torch.tensor([[1.0, 2.0, 0.5]])
    batch = [sampling.Sample(Encoded([1], 0, [[1]]), 1, logits[0].tolist())]
    assert train.loss_of(logits, batch, train.Settings(distillation=1.0)).item() == pytest.approx(0, abs=1e-6)


def test_one_question_in_twenty_is_held_out_whatever_its_case():
    prompts = [f'Question number {i}?' for i in range(4000)]
    share = sum(map(items.is_held_out, prompts)) / len(prompts)
    assert 0.03 < share < 0.07 and all(items.is_held_out(p) == items.is_held_out(p.upper()) for p in prompts[:50])


def test_bert_content_scores_survive_the_conversion():
    config = tiny.model().config
    ours = tiny.model().state_dict()
    names = from_bert.LAYER_PARTS
    bert = {name.removeprefix('deberta.'): tensor for name, tensor in ours.items() if name.startswith('deberta.embeddings')}
    for name, tensor in ours.items():
        for mine, theirs in names.items():
            if f'.{mine}.' in name:
                bert[name.removeprefix('deberta.').replace(mine, theirs)] = tensor
    started = from_bert.start(bert, config).state_dict()
    query = 'deberta.encoder.layer.1.attention.self.query_proj.weight'
    torch.testing.assert_close(started[query], ours[query] * 3**0.5)
    assert not started['deberta.encoder.LayerNorm.weight'].any()


def test_an_average_lies_between():
    mean = average.average([{'w': torch.tensor([0.0, 2.0])}, {'w': torch.tensor([2.0, 4.0])}])
    assert mean['w'].tolist() == [1.0, 3.0]


def test_average_precision_counts_three_places():
    assert [evaluate.average_precision([4, 3, 2, 1], answer) for answer in range(4)] == [1, 1 / 2, 1 / 3, 0]


def test_ties_keep_file_order():
    assert evaluate.average_precision([1, 1, 1], 1) == 1 / 2
