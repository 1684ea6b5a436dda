"""The embedded model: a DeBERTa-v2 encoder that reads a question's prefix once and lets every option attend to it.

This is the reference for the logits. Parameter names are those of Hugging Face's DebertaV2ForMultipleChoice, plus `late_interaction`.
Disentangled attention: He et al. 2021, https://arxiv.org/abs/2006.03654; bucketed offsets as transformers' `make_log_bucket_position`.
Late interaction: MaxSim of ColBERT, Khattab & Zaharia 2020, https://arxiv.org/abs/2004.12832.

Relative terms are computed for the 2L-1 offsets as rows and then skewed into [L, L] (Music Transformer's trick, Huang et al. 2018):
exact for every length, without a gather of L*L elements. tests/test_deberta.py holds it against that gather.

Letters in shapes: Q questions, P prefix tokens, C choices, O tokens of a choice, H hidden size, n heads, d = H / n.
"""
import math
from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from dropout import drop

MASKED = -1e4


@dataclass
class Config:
    vocab_size: int = 30522
    hidden_size: int = 384
    num_hidden_layers: int = 6
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    position_buckets: int = 256
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    layer_norm_eps: float = 1e-12
    dropout: float = 0.1

    @staticmethod
    def from_hugging_face(config: dict) -> 'Config':
        """Reads config.json; refuses what this file does not compute."""
        fixed = {'model_type': 'deberta-v2', 'share_att_key': True, 'norm_rel_ebd': 'layer_norm', 'position_biased_input': True, 'hidden_act': 'gelu'}
        for key, value in fixed.items():
            if config.get(key) != value:
                raise ValueError(f'config.json: {key} is {config.get(key)!r}, this recipe knows {value!r} only')
        names = set(Config.__dataclass_fields__) - {'dropout'}
        return Config(**{k: v for k, v in config.items() if k in names}, dropout=config.get('hidden_dropout_prob', 0.1))

    def to_hugging_face(self) -> dict:
        shape = {k: v for k, v in asdict(self).items() if k != 'dropout'}
        return {
            'model_type': 'deberta-v2', 'architectures': ['DebertaV2ForMultipleChoice'], **shape,
            'hidden_act': 'gelu', 'hidden_dropout_prob': self.dropout, 'attention_probs_dropout_prob': self.dropout, 'initializer_range': 0.02,
            'relative_attention': True, 'max_relative_positions': -1, 'norm_rel_ebd': 'layer_norm', 'share_att_key': True,
            'pos_att_type': ['p2c', 'c2p'], 'position_biased_input': True, 'pad_token_id': 0,
            'pooler_hidden_act': 'gelu', 'pooler_dropout': 0, 'pooler_hidden_size': self.hidden_size,
        }  # fmt: skip


def bucket_rows(config: Config, length: int) -> Tensor:
    """Row of rel_embeddings for each offset query - key = length-1 … -(length-1). -> [2*length - 1] int64."""
    span = config.position_buckets
    middle = span // 2
    offset = torch.arange(length - 1, -length, -1)
    distance = torch.where((offset < middle) & (offset > -middle), torch.tensor(middle - 1), offset.abs())
    scale = (middle - 1) / math.log((config.max_position_embeddings - 1) / middle)
    logarithmic = torch.ceil(torch.log(distance / middle) * scale) + middle
    bucket = torch.where(distance <= middle, offset.float(), logarithmic * torch.sign(offset)).long()
    return (bucket + span).clamp(0, 2 * span - 1)


def skew(scores: Tensor) -> Tensor:
    """[..., L, 2L-1] scores by offset L-1 … -(L-1) -> [..., L, L] with out[i, j] = scores[i, L-1-i+j], the offset i-j."""
    return slant(scores, scores.shape[-2])


def slant(scores: Tensor, width: int) -> Tensor:
    """[..., R, width+R-1] -> [..., R, width] with out[i, j] = scores[i, R-1-i+j]: each row starts one element further left."""
    rows, columns = scores.shape[-2:]
    if columns != width + rows - 1:
        raise ValueError(f'internal: {columns} columns for {rows} rows of width {width}')
    if rows == 1:
        return scores
    flat = scores.reshape(*scores.shape[:-2], rows * columns)[..., rows - 1 : rows - 1 + rows * (columns - 1)]  # a row advances by columns - 1
    return flat.reshape(*scores.shape[:-2], rows, columns - 1)[..., :width]


class SelfAttention(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        hidden = config.hidden_size
        self.heads = config.num_attention_heads
        self.query_proj, self.key_proj, self.value_proj = nn.Linear(hidden, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, hidden)

    def forward(self, prefix: Tensor, choices: Tensor, prefix_bias: Tensor, choice_bias: Tensor, relative: Tensor) -> tuple[Tensor, Tensor]:
        """prefix [Q, P, H] padded on the left, choices [Q, C, O, H] padded on the right, biases [Q, P] and [Q, C, O] (0 or MASKED),
        relative [2T-1, H] with T = P+O: rows for the offsets T-1 … -(T-1). Prefix tokens see the prefix; a choice's tokens see the
        prefix and that choice. -> [Q, P, H], [Q, C, O, H]"""
        p_len, o_len = prefix.shape[1], choices.shape[2]
        scale = 1 / math.sqrt(prefix.shape[-1] // self.heads * 3)  # content, c2p and p2c share the variance
        qp, kp, vp = (self._by_head(f(prefix)) for f in (self.query_proj, self.key_proj, self.value_proj))
        qo, ko, vo = (self._by_head(f(choices)) for f in (self.query_proj, self.key_proj, self.value_proj))
        qp, qo = qp * scale, qo * scale
        rel_keys, rel_queries = self._by_head(self.key_proj(relative)), self._by_head(self.query_proj(relative)) * scale  # [n, 2T-1, d]
        zero = p_len + o_len - 1  # the row of offset 0; offset r is row zero - r

        def within(q: Tensor, k: Tensor, length: int) -> Tensor:
            keys, queries = (r[:, zero - length + 1 : zero + length] for r in (rel_keys, rel_queries))
            content_to_position = skew(q @ keys.transpose(-1, -2))
            position_to_content = skew(k @ queries.flip(-2).transpose(-1, -2)).transpose(-1, -2)
            return q @ k.transpose(-1, -2) + content_to_position + position_to_content

        prefix_scores = within(qp, kp, p_len) + prefix_bias[:, None, None]  # biases are fp32, so the softmax is at least that
        prefix_out = prefix_scores.softmax(-1).to(vp.dtype) @ vp

        own_scores = within(qo, ko, o_len) + choice_bias[:, :, None, None]
        keys, queries = rel_keys[:, :zero], rel_queries[:, :zero]  # query P+o, key p: offsets T-1 … 1
        cross_scores = qo @ kp[:, None].transpose(-1, -2) + slant(qo @ keys.transpose(-1, -2), p_len)
        cross_scores = cross_scores + slant(kp @ queries.flip(-2).transpose(-1, -2), o_len)[:, None].transpose(-1, -2)
        cross_scores = cross_scores + prefix_bias[:, None, None, None]
        weights = torch.cat([cross_scores, own_scores], -1).softmax(-1).to(vp.dtype)
        choice_out = weights[..., :p_len] @ vp[:, None] + weights[..., p_len:] @ vo
        return self._joined(prefix_out), self._joined(choice_out)

    def _by_head(self, x: Tensor) -> Tensor:
        """[..., L, H] -> [..., n, L, d]"""
        return x.view(*x.shape[:-1], self.heads, x.shape[-1] // self.heads).transpose(-2, -3)

    def _joined(self, x: Tensor) -> Tensor:
        """[..., n, L, d] -> [..., L, H]"""
        x = x.transpose(-2, -3)
        return x.reshape(*x.shape[:-2], -1)


class Output(nn.Module):
    """Projection, dropout, residual, LayerNorm."""

    def __init__(self, config: Config, inputs: int):
        super().__init__()
        self.dense = nn.Linear(inputs, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = config.dropout

    def forward(self, y: Tensor, x: Tensor) -> Tensor:
        return self.LayerNorm(x + drop(self.dense(y), self.dropout, self.training))


class Layer(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.attention = nn.Module()
        self.attention.self = SelfAttention(config)
        self.attention.output = Output(config, config.hidden_size)
        self.intermediate = nn.Module()
        self.intermediate.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.output = Output(config, config.intermediate_size)

    def forward(self, prefix: Tensor, choices: Tensor, prefix_bias: Tensor, choice_bias: Tensor, relative: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.attention.self(prefix, choices, prefix_bias, choice_bias, relative)
        attended = [self.attention.output(y, x) for y, x in zip(seen, (prefix, choices))]
        prefix, choices = (self.output(F.gelu(self.intermediate.dense(x)), x) for x in attended)
        return prefix, choices


class SharedPrefixModel(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        hidden = config.hidden_size
        self.deberta = nn.Module()
        embeddings = self.deberta.embeddings = nn.Module()
        embeddings.word_embeddings = nn.Embedding(config.vocab_size, hidden)
        embeddings.position_embeddings = nn.Embedding(config.max_position_embeddings, hidden)
        embeddings.token_type_embeddings = nn.Embedding(config.type_vocab_size, hidden)
        embeddings.LayerNorm = nn.LayerNorm(hidden, config.layer_norm_eps)
        encoder = self.deberta.encoder = nn.Module()
        encoder.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        encoder.rel_embeddings = nn.Embedding(2 * config.position_buckets, hidden)
        encoder.LayerNorm = nn.LayerNorm(hidden, config.layer_norm_eps)
        self.pooler = nn.Module()
        self.pooler.dense = nn.Linear(hidden, hidden)
        self.classifier = nn.Linear(hidden, 1)
        self.late_interaction = nn.Module()
        self.late_interaction.token_weight = nn.Linear(hidden, 1)
        self.late_interaction.scale = nn.Parameter(torch.tensor(20.0))
        self.register_buffer('rows', bucket_rows(config, config.max_position_embeddings), persistent=False)
        self.apply(self._initialize)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.late_interaction.token_weight.weight)

    @staticmethod
    def _initialize(module: nn.Module) -> None:
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, 0, 0.02)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

    def forward(self, prefix_ids: Tensor, prefix_mask: Tensor, choice_ids: Tensor, choice_mask: Tensor, context_mask: Tensor) -> Tensor:
        """prefix_* and context_mask [Q, P] padded on the left, choice_* [Q, C, O] padded on the right; masks 0 or 1. -> logits [Q, C] fp32"""
        prefix, choices = self.encode(prefix_ids, prefix_mask, choice_ids, choice_mask)
        pooled = F.gelu(self.pooler.dense(choices[:, :, 0]))
        pooled = self.classifier(drop(pooled, self.config.dropout, self.training))[..., 0]
        return pooled + self.max_sim(prefix, choices, context_mask, choice_mask)

    def encode(self, prefix_ids: Tensor, prefix_mask: Tensor, choice_ids: Tensor, choice_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Last hidden states of prefix [Q, P, H] and choices [Q, C, O, H]. Positions of a choice continue after its prefix."""
        limit = self.config.max_position_embeddings
        p_len, o_len = prefix_ids.shape[1], choice_ids.shape[2]
        steps = torch.arange(max(p_len, o_len), device=prefix_ids.device)[None]
        lengths = prefix_mask.sum(1, keepdim=True)
        prefix = self._embed(prefix_ids, (steps[:, :p_len] - (p_len - lengths)).clamp(min=0), prefix_mask)
        choices = self._embed(choice_ids, (lengths + steps[:, :o_len]).clamp(max=limit - 1)[:, None], choice_mask)
        encoder = self.deberta.encoder
        reach = p_len + o_len
        relative = encoder.LayerNorm(encoder.rel_embeddings.weight)[self.rows[limit - reach : limit + reach - 1]]
        prefix_bias, choice_bias = ((1 - mask.float()) * MASKED for mask in (prefix_mask, choice_mask))
        for layer in encoder.layer:
            prefix, choices = layer(prefix, choices, prefix_bias, choice_bias, relative)
        return prefix, choices

    def _embed(self, ids: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        e = self.deberta.embeddings
        x = e.word_embeddings(ids) + e.position_embeddings(positions) + e.token_type_embeddings.weight[0]
        x = e.LayerNorm(x)
        return drop(x * mask[..., None].to(x.dtype), self.config.dropout, self.training)

    def max_sim(self, prefix: Tensor, choices: Tensor, context_mask: Tensor, choice_mask: Tensor) -> Tensor:
        """Every inner token of a choice takes its best cosine with a token of the context; their weighted mean, scaled. Without a
        context the term is 0. Never in less than fp32. -> [Q, C]"""
        inner = choice_mask.clone()  # neither [CLS] nor [SEP], the first and last token
        inner[..., :-1] = choice_mask[..., :-1] * choice_mask[..., 1:]
        inner[..., -1] = 0
        inner[..., 0] = 0
        with torch.autocast(prefix.device.type, enabled=False):
            prefix, choices = (x if x.dtype == torch.float64 else x.float() for x in (prefix, choices))
            context, tokens = F.normalize(prefix, dim=-1), F.normalize(choices, dim=-1)
            cosines = tokens.flatten(1, 2) @ context.transpose(1, 2)  # [Q, C*O, P]
            best = cosines.masked_fill(context_mask[:, None] == 0, 0).amax(-1).view(tokens.shape[:3])
            weights = self.late_interaction.token_weight(choices)[..., 0] + (1 - inner.float()) * MASKED
            return self.late_interaction.scale * (best * weights.softmax(-1) * inner).sum(-1)
