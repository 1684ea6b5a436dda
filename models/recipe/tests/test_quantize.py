import torch

import gptq
import measure
import quantize
import serve
import tiny
from encode import Encoder
from evaluate import logits
from questions import Question
from safetensors.torch import load_file


def test_8_bit_blocks_round_to_half_a_step():
    weight = torch.randn(24, 96)
    codes, scales = quantize.quantize_blocks(weight, 8)
    step = scales.float().repeat_interleave(32, 1)
    assert codes.dtype == torch.uint8 and scales.dtype == torch.float16
    assert ((quantize.dequantize_blocks(codes, scales, 8) - weight).abs() <= 0.5 * step + weight.abs() * 2**-11).all()


def test_4_bit_codes_hold_the_low_nibble_first():
    weight = torch.zeros(1, 32)
    weight[0, :2] = torch.tensor([7.0, -3.0])
    codes, scales = quantize.quantize_blocks(weight, 4)
    assert (codes[0, 0].item(), codes[0, 1].item(), scales.item()) == (15 | (5 << 4), 8 | (8 << 4), 1.0)


def test_dequantized_weights_quantize_to_the_same_codes():
    for bits in (4, 8):
        codes, scales = quantize.quantize_blocks(torch.randn(8, 64), bits)
        again, same_scales = quantize.quantize_blocks(quantize.dequantize_blocks(codes, scales, bits), bits)
        assert torch.equal(codes, again) and torch.equal(scales, same_scales)


def test_a_block_of_zeros_stays_zero():
    codes, scales = quantize.quantize_blocks(torch.zeros(2, 32), 8)
    assert torch.equal(quantize.dequantize_blocks(codes, scales, 8), torch.zeros(2, 32)) and scales.isfinite().all()


def test_extreme_values_keep_finite_scales():
    for size in (1e-9, 1e-4, 1e4):
        codes, scales = quantize.quantize_blocks(torch.full((1, 32), size), 8)
        assert (quantize.dequantize_blocks(codes, scales, 8) - size).abs().max() <= max(size / 50, 2.0**-24)


def test_every_tensor_comes_back_under_its_name_and_shape():
    tensors = {name: tensor.half() for name, tensor in tiny.model().state_dict().items()}
    served = quantize.quantize(tensors, lambda _name, weight: quantize.quantize_blocks(weight, 8))
    back = quantize.dequantize(served)
    assert {name: tuple(t.shape) for name, t in back.items()} == {name: tuple(t.shape) for name, t in tensors.items()}


def test_the_file_keeps_order_and_alignment(tmp_path):
    served = quantize.quantize(tiny.model().state_dict(), lambda _name, weight: quantize.quantize_blocks(weight, 8))
    serve.write_safetensors(tmp_path / 'w.safetensors', served)
    read = load_file(tmp_path / 'w.safetensors')
    assert read.keys() == served.keys() and all(torch.equal(read[name], served[name]) for name in served)
    header_bytes = int.from_bytes((tmp_path / 'w.safetensors').read_bytes()[:8], 'little')
    assert (8 + header_bytes) % 64 == 0


def test_scales_stand_before_their_weight():
    names = list(quantize.quantize(tiny.model().state_dict(), lambda _name, weight: quantize.quantize_blocks(weight, 8)))
    assert all(names.index(f'{name}.scales') == names.index(name) - 1 for name in names if f'{name}.scales' in names)


def test_gptq_moves_the_outputs_less_than_plain_rounding():
    torch.manual_seed(0)
    inputs = torch.randn(500, 64) @ torch.randn(64, 64)
    weight = torch.randn(32, 64)
    error = lambda codes, scales: ((quantize.dequantize_blocks(codes, scales, 4) - weight) @ inputs.T).square().mean()
    correlation = inputs.T.double() @ inputs.double()
    assert error(*gptq.round_weight(weight, correlation)) < 0.7 * error(*quantize.quantize_blocks(weight, 4))


def test_correlations_cover_every_quantized_weight(tmp_path):
    tiny.write_tokenizer(tmp_path / 'tokenizer.json')
    model = tiny.model()
    questions = [Question('what is osmosis ?', ['water', 'light'], 0, 'osmosis is water')]
    sums = gptq.input_correlations(model, Encoder(tmp_path / 'tokenizer.json'), questions)
    weights = {name: t for name, t in model.state_dict().items() if quantize.is_block_quantized(name)}
    assert {name: tuple(s.shape) for name, s in sums.items()} == {name: (t.shape[1], t.shape[1]) for name, t in weights.items()}


def test_8_bit_logits_stay_close(tmp_path):
    tiny.write_tokenizer(tmp_path / 'tokenizer.json')
    encoder, model, rounded = Encoder(tmp_path / 'tokenizer.json'), tiny.model(), tiny.model()
    rounded.load_state_dict(quantize.dequantize(quantize.quantize(model.state_dict(), lambda _n, w: quantize.quantize_blocks(w, 8))))
    questions = [Question('which plant stores energy ?', ['the cell wall', 'sugar', 'a membrane'], 1, 'sugar stores the energy of light .')]
    exact, close = logits(model, encoder, questions)[0], logits(rounded, encoder, questions)[0]
    assert max(abs(a - b) for a, b in zip(exact, close)) < 0.1


def test_worst_loss_is_that_of_the_worst_set():
    score = lambda name, precision, value: measure.Score(name, precision, value, (0, 1), 10)
    scores = [score('a', 'fp32', 0.6), score('a', 'q4', 0.61), score('b', 'fp32', 0.9), score('b', 'q4', 0.88)]
    assert round(measure.worst_loss(scores, 'q4'), 6) == 0.02
