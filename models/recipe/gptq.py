"""4-bit rounding that looks at the activations: GPTQ, Frantar et al. 2023, https://arxiv.org/abs/2210.17323.

Weights are rounded column by column, and the error of each is taken up by the columns still to come, weighed by how the layer's inputs
correlate. Against plain rounding this halves the error of the logits. Layout and scales are quantize.py's; a block's scale is the one with the
least squared error, each input weighed by its mean square, among those that put the block's extreme value between 5.5 and 10 steps from zero.
"""
from collections.abc import Sequence

import torch
import torch.nn as nn
from torch import Tensor

import evaluate
import quantize
from deberta import SharedPrefixModel
from encode import Encoder
from questions import Question

DAMPING = 0.1  # of the mean input power, added to the diagonal; 0.1 was better than 0.01 and 1
LOW, HIGH = -8, 7


def input_correlations(model: SharedPrefixModel, encoder: Encoder, questions: Sequence[Question]) -> dict[str, Tensor]:
    """Sum of x x^T over all inputs x of each quantized layer, fp64 [k, k], by the name of its weight. Relative rows count once a batch."""
    sums: dict[str, Tensor] = {}

    def watch(name: str):
        def hook(_module, inputs, _output):
            x = inputs[0].detach().flatten(0, -2).double()
            sums[name] = sums.get(name, 0) + x.T @ x

        return hook

    linears = [(f'{name}.weight', module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    handles = [module.register_forward_hook(watch(name)) for name, module in linears if quantize.is_block_quantized(name)]
    evaluate.logits(model, encoder, questions)
    for handle in handles:
        handle.remove()
    return sums


def block_scales(block: Tensor, power: Tensor) -> Tensor:
    """block [n, 32], power [32]: mean square of its inputs -> [n] scales, exact in fp16, possibly negative."""
    extreme = block.gather(-1, block.abs().argmax(-1, keepdim=True))
    steps = torch.cat([torch.linspace(-10, -5.5, 46), torch.linspace(5.5, 10, 46)])
    scales = (extreme / steps).half().float()  # [n, 92]
    scales = torch.where(scales == 0, torch.tensor(quantize.SMALLEST_SCALE), scales)
    rounded = (block[:, None] / scales[..., None]).round().clamp(LOW, HIGH) * scales[..., None]
    errors = ((rounded - block[:, None]).square() * power).sum(-1)
    return scales.gather(-1, errors.argmin(-1, keepdim=True))[:, 0]


def round_weight(weight: Tensor, correlation: Tensor) -> tuple[Tensor, Tensor]:
    """[n, k] fp32 and the inputs' correlation [k, k] -> codes U8 [n, k/2], scales F16 [n, k/32]."""
    n, k = weight.shape
    power = correlation.diagonal() / correlation.diagonal().mean()
    damped = correlation + torch.eye(k, dtype=correlation.dtype) * DAMPING * correlation.diagonal().mean()
    inverse = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(damped)), upper=True)
    remaining = weight.double().clone()
    integers, scales = torch.zeros(n, k), torch.zeros(n, k // quantize.BLOCK)
    for start in range(0, k, quantize.BLOCK):
        end = start + quantize.BLOCK
        scale = block_scales(remaining[:, start:end].float(), power[start:end].float())
        scales[:, start // quantize.BLOCK] = scale
        errors = torch.zeros(n, quantize.BLOCK, dtype=torch.float64)
        for column in range(start, end):  # inside the block at once, the columns after it once a block: the same sums, faster
            integers[:, column] = (remaining[:, column] / scale).round().clamp(LOW, HIGH)
            errors[:, column - start] = (remaining[:, column] - integers[:, column] * scale) / inverse[column, column]
            remaining[:, column + 1 : end] -= errors[:, column - start, None] * inverse[column, column + 1 : end]
        remaining[:, end:] -= errors @ inverse[start:end, end:]
    return quantize.pack(integers, 4), scales.half()


def quantize_4bit(model: SharedPrefixModel, encoder: Encoder, calibration: Sequence[Question]) -> dict[str, Tensor]:
    """The model's served tensors in 4 bits, rounded for inputs like those of `calibration`."""
    correlations = input_correlations(model, encoder, calibration)
    return quantize.quantize(model.state_dict(), lambda name, weight: round_weight(weight.float(), correlations[name]))
