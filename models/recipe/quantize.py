"""Block quantization of the served weights.

Linear weights of the encoder, [n, k], are cut into blocks of 32 along k, each with one fp16 scale:
  q8  U8 [n, k]     value = (u - 128) * scale
  q4  U8 [n, k/2]   value = (nibble - 8) * scale, the low nibble first
which is the layout of onnxruntime's MatMulNBits with its default zero points, so the bytes serve as its external data as they stand.
Word embeddings are I8 [V, H] with one fp16 scale a row. A quantized tensor `W` has a sibling `W.scales`. Everything else stays fp16.
Scales are absmax / 127 (or / 7), rounded to fp16 before the integers are chosen. 4-bit weights are better rounded by gptq.py.
"""
from collections.abc import Callable

import torch
from torch import Tensor

BLOCK = 32
WORDS = 'deberta.embeddings.word_embeddings.weight'
SMALLEST_SCALE = 2.0**-24  # the least positive fp16


def is_block_quantized(name: str) -> bool:
    return name.startswith('deberta.encoder.layer.') and name.endswith('.weight') and 'LayerNorm' not in name


def round_groups(groups: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """groups [..., g] fp32 -> integers [..., g] within ±(2^(bits-1) - 1), scales [...] fp16."""
    top = 2 ** (bits - 1) - 1
    scales = (groups.abs().amax(-1) / top).clamp(min=SMALLEST_SCALE).half()
    return (groups / scales.float()[..., None]).round().clamp(-top, top), scales


def quantize_blocks(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """[n, k] -> U8 [n, k * bits / 8], scales F16 [n, k / 32]."""
    n, k = weight.shape
    if k % BLOCK:
        raise ValueError(f'{k} inputs are not a multiple of {BLOCK}')
    integers, scales = round_groups(weight.float().view(n, k // BLOCK, BLOCK), bits)
    return pack(integers.view(n, k), bits), scales


def pack(integers: Tensor, bits: int) -> Tensor:
    """[n, k] integers from -2^(bits-1) -> U8 [n, k * bits / 8]."""
    codes = (integers + 2 ** (bits - 1)).to(torch.uint8)
    return codes[:, 0::2] | (codes[:, 1::2] << 4) if bits == 4 else codes


def dequantize_blocks(codes: Tensor, scales: Tensor, bits: int) -> Tensor:
    """The inverse of quantize_blocks, fp32 [n, k]."""
    if bits == 4:
        codes = torch.stack([codes & 15, codes >> 4], -1).flatten(1)
    n, k = codes.shape
    return ((codes.float() - 2 ** (bits - 1)).view(n, k // BLOCK, BLOCK) * scales.float()[..., None]).view(n, k)


def quantize(tensors: dict[str, Tensor], round_weight: Callable[[str, Tensor], tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """A checkpoint's tensors -> the served ones, in the order of the forward pass, scales before their weight.
    round_weight(name, weight) gives codes and scales as quantize_blocks does."""
    served: dict[str, Tensor] = {}
    for name in forward_order(tensors):
        tensor = tensors[name]
        if is_block_quantized(name):
            codes, scales = round_weight(name, tensor)
            served[f'{name}.scales'], served[name] = scales, codes
        elif name == WORDS:
            integers, scales = round_groups(tensor.float(), 8)
            served[f'{name}.scales'], served[name] = scales, integers.to(torch.int8)
        else:
            served[name] = tensor.half()
    return served


def dequantize(served: dict[str, Tensor]) -> dict[str, Tensor]:
    """Served tensors -> fp32 tensors under their own names: what an exact reader of the file computes with."""
    tensors = {}
    for name, tensor in served.items():
        if name.endswith('.scales'):
            continue
        scales = served.get(f'{name}.scales')
        if scales is None:
            tensors[name] = tensor.float()
        elif tensor.dtype == torch.int8:
            tensors[name] = tensor.float() * scales.float()[:, None]
        else:
            bits = 8 * tensor.shape[1] // (scales.shape[1] * BLOCK)
            tensors[name] = dequantize_blocks(tensor, scales, bits)
    return tensors


def forward_order(tensors: dict[str, Tensor]) -> list[str]:
    """Embeddings, layers, heads; single numbers last, so that every other tensor starts at a multiple of 64 bytes."""
    stages = ['deberta.embeddings.', 'deberta.encoder.rel_embeddings', 'deberta.encoder.LayerNorm', 'deberta.encoder.layer.', 'pooler.', 'late_interaction.', 'classifier.']

    def key(name: str) -> tuple[bool, int, list[tuple[int, str]]]:
        stage = next(i for i, prefix in enumerate(stages) if name.startswith(prefix))
        return tensors[name].numel() == 1, stage, [(int(part) if part.isdigit() else 0, part) for part in name.split('.')]

    return sorted(tensors, key=key)
