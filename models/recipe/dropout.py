"""Dropout for training on the CPU: drawing masks anew takes a quarter of a step there, so a mask is a random slice of one pool of draws."""
import torch
import torch.nn.functional as F
from torch import Tensor

_pool: dict[float, Tensor] = {}


def drop(x: Tensor, p: float, is_training: bool) -> Tensor:
    """x with a share p of its elements zeroed and the rest scaled by 1 / (1 - p)."""
    if not is_training or p == 0:
        return x
    if x.device.type != 'cpu':
        return F.dropout(x, p, True)
    count = x.numel()
    if p not in _pool or _pool[p].numel() < 2 * count:
        _pool[p] = (torch.rand(4 * count) >= p).to(torch.bfloat16) / (1 - p)
    start = int(torch.randint(0, _pool[p].numel() - count, ()))
    return x * _pool[p][start : start + count].view(x.shape).to(x.dtype)
