"""The fast path against the definition: one question as a single sequence of prefix and choices, an explicit mask, and a gather per pair."""
import math

import pytest
import torch
import torch.nn.functional as F

import tiny
from deberta import Config, bucket_rows, skew, slant
from encode import Encoded, collate


def naive_bucket(offset: int, buckets: int, longest: int) -> int:
    """transformers' make_log_bucket_position, for one offset, with the shift by `buckets`."""
    middle = buckets // 2
    if abs(offset) <= middle:
        return offset + buckets
    distance = math.ceil(math.log(abs(offset) / middle) / math.log((longest - 1) / middle) * (middle - 1)) + middle
    return max(0, min(2 * buckets - 1, int(math.copysign(distance, offset)) + buckets))


def naive_logits(model, question: Encoded) -> torch.Tensor:
    c = model.config
    sequences = [question.prefix, *question.choices]
    owner = torch.tensor([s for s, tokens in enumerate(sequences) for _ in tokens])
    positions = torch.tensor([(0 if s == 0 else len(question.prefix)) + i for s, tokens in enumerate(sequences) for i in range(len(tokens))])
    sees = (owner[None] == 0) | (owner[None] == owner[:, None])
    rows = torch.tensor([[naive_bucket(int(i - j), c.position_buckets, c.max_position_embeddings) for j in positions] for i in positions])
    e, encoder = model.deberta.embeddings, model.deberta.encoder
    ids = torch.tensor([t for tokens in sequences for t in tokens])
    x = e.LayerNorm(e.word_embeddings(ids) + e.position_embeddings(positions) + e.token_type_embeddings.weight[0])
    relative = encoder.LayerNorm(encoder.rel_embeddings.weight)
    d = c.hidden_size // c.num_attention_heads
    for layer in encoder.layer:
        a = layer.attention.self
        heads = []
        for h in range(c.num_attention_heads):
            part = slice(h * d, h * d + d)
            q, k, v, rq, rk = (t[:, part] for t in (a.query_proj(x), a.key_proj(x), a.value_proj(x), a.query_proj(relative), a.key_proj(relative)))
            content_to_position = torch.einsum('id,ijd->ij', q, rk[rows])
            position_to_content = torch.einsum('jd,ijd->ij', k, rq[rows])
            scores = (q @ k.T + content_to_position + position_to_content) / math.sqrt(3 * d)
            heads.append(scores.masked_fill(~sees, -torch.inf).softmax(-1) @ v)
        x = layer.attention.output(torch.cat(heads, -1), x)
        x = layer.output(F.gelu(layer.intermediate.dense(x)), x)
    context = F.normalize(x[1 : 1 + question.context_tokens], dim=-1)
    logits = []
    for s in range(1, len(sequences)):
        choice = x[owner == s]
        pooled = model.classifier(F.gelu(model.pooler.dense(choice[0])))[0]
        inner = choice[1:-1]
        if len(context) and len(inner):
            weights = model.late_interaction.token_weight(inner)[:, 0].softmax(0)
            best = (F.normalize(inner, dim=-1) @ context.T).amax(-1)
            pooled = pooled + model.late_interaction.scale * (weights * best).sum()
        logits.append(pooled)
    return torch.stack(logits)


def random_question(seed: int, prefix: int, context: int, choices: list[int]) -> Encoded:
    generator = torch.Generator().manual_seed(seed)
    draw = lambda n: torch.randint(4, 40, (n,), generator=generator).tolist()
    return Encoded(draw(prefix), context, [draw(n) for n in choices])


@pytest.mark.parametrize(
    'prefix, context, choices',
    [(5, 0, [3, 4]), (17, 9, [3, 8, 5, 3, 6]), (3, 0, [30]), (90, 60, [12, 3, 41]), (4, 1, [2, 3])],
)
def test_logits_equal_the_definition(prefix, context, choices):
    model = tiny.model().double()
    question = random_question(prefix, prefix, context, choices)
    with torch.no_grad():
        torch.testing.assert_close(model(*collate([question]).inputs())[0], naive_logits(model, question), atol=1e-9, rtol=1e-9)


def test_long_offsets_fall_into_the_buckets_of_transformers():
    config = Config(position_buckets=32, max_position_embeddings=128)
    expected = [naive_bucket(offset, 32, 128) for offset in range(119, -120, -1)]
    assert bucket_rows(config, 120).tolist() == expected


def test_padding_and_neighbours_leave_logits_alone():
    model = tiny.model()
    one, other = random_question(2, 20, 8, [4, 6, 3]), random_question(3, 33, 20, [9, 3])
    with torch.no_grad():
        alone = model(*collate([one]).inputs())[0]
        together = model(*collate([one, other], 5, 7).inputs())[0, :3]
    torch.testing.assert_close(alone, together, atol=2e-5, rtol=1e-5)


def test_choices_do_not_see_each_other():
    model = tiny.model()
    question = random_question(4, 12, 6, [5, 6, 7])
    swapped = Encoded(question.prefix, question.context_tokens, question.choices[::-1])
    with torch.no_grad():
        torch.testing.assert_close(model(*collate([question]).inputs())[0].flip(0), model(*collate([swapped]).inputs())[0], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize('rows, width', [(1, 1), (1, 4), (2, 1), (3, 3), (5, 2), (2, 7)])
def test_slant_shifts_each_row_by_one(rows, width):
    scores = torch.arange(rows * (width + rows - 1)).view(rows, -1)
    assert slant(scores, width).tolist() == [[scores[i, rows - 1 - i + j].item() for j in range(width)] for i in range(rows)]


def test_skew_reads_offset_i_minus_j():
    length = 4
    offsets = torch.arange(length - 1, -length, -1).expand(length, -1)
    assert skew(offsets).tolist() == [[i - j for j in range(length)] for i in range(length)]
