"""Trains the shared-prefix model, on the CPU or on a GPU. It can be stopped at any time and resumed: optimizer, schedule, random state and
place in the pass are kept in OUT/state.pt, the model so far in OUT as a checkpoint folder, the log in OUT/log.jsonl.

Schedule: linear warm-up, then linear decay to a fiftieth, over all passes, or over --hours of training where a machine is at hand for so
long and not longer. Word embeddings are frozen: they are half of the parameters, and
the vocabulary outside the training set keeps its meaning. A twentieth of the questions, told by their text, is never trained on.
"""
import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F

import checkpoint
from deberta import SharedPrefixModel
from encode import Encoder, collate
from evaluate import precisions
from items import Item, is_held_out, read_items
from sampling import Mixture, Passes, Sample

NEW_PARTS = ('rel_embeddings', 'encoder.LayerNorm', 'pooler', 'classifier', 'late_interaction')  # not in BERT: a higher learning rate
EVALUATED = 500  # held-out questions asked while training
BATCH_UNIT = 16  # questions whose mean loss weighs 1, so that small batches pull less


@dataclass
class Settings:
    passes: float = 2
    hours: float = 0.0  # where above 0, the schedule ends after so long instead of after `passes`
    learning_rate: float = 1e-4
    new_parts_factor: float = 4
    warm_up: float = 0.03
    tokens: int = 6000
    distract: float = Mixture.distract
    own: float = Mixture.own
    weights: str = ''  # source=copies a pass, separated by commas
    label_smoothing: float = 0.0
    distillation: float = 0.5  # weight of the teacher where an item has one
    temperature: float = 2.0
    dropout: float = 0.1
    seed: int = 0

    def mixture(self) -> Mixture:
        named = (pair.split('=') for pair in self.weights.split(',') if pair)
        return Mixture(self.distract, self.own, {source: float(copies) for source, copies in named})


def learning_rate_factor(progress: float, warm_up: float) -> float:
    """progress 0 … 1 over the whole run -> share of the peak learning rate."""
    return progress / warm_up if progress < warm_up else max(0.02, (1 - progress) / (1 - warm_up))


def loss_of(logits: torch.Tensor, batch: list[Sample], settings: Settings) -> torch.Tensor:
    """logits [Q, C] with missing choices at -1e4. Cross-entropy with the answers, mixed with the divergence from the teacher's softened choice."""
    answers = torch.tensor([s.answer for s in batch], device=logits.device)
    log_probabilities = logits.log_softmax(-1)
    exists = logits > -5e3
    smooth = -(log_probabilities.where(exists, 0.0).sum(-1) / exists.sum(-1))
    hard = F.nll_loss(log_probabilities, answers, reduction='none')
    losses = (1 - settings.label_smoothing) * hard + settings.label_smoothing * smooth
    taught = [i for i, s in enumerate(batch) if s.teacher is not None]
    if taught and settings.distillation:
        teacher = torch.full_like(logits[taught], -1e4)
        for row, i in enumerate(taught):
            teacher[row, : len(batch[i].teacher)] = torch.tensor(batch[i].teacher, device=logits.device)
        t = settings.temperature
        divergence = F.kl_div((logits[taught] / t).log_softmax(-1), (teacher / t).log_softmax(-1), reduction='none', log_target=True).sum(-1) * t * t
        losses = losses.index_add(0, torch.tensor(taught, device=logits.device), settings.distillation * (divergence - losses[taught]))
    return losses.mean()


class Trainer:
    def __init__(self, model: SharedPrefixModel, encoder: Encoder, items: list[Item], settings: Settings, device: str):
        self.model, self.settings, self.device = model.to(device), settings, device
        self.model.deberta.embeddings.word_embeddings.weight.requires_grad_(False)
        self.held_out = [item for item in items if is_held_out(item.question.prompt)][:EVALUATED]
        trained = [item for item in items if not is_held_out(item.question.prompt)]
        self.passes = Passes(trained, encoder, settings.mixture(), settings.seed, settings.tokens)
        self.encoder = encoder
        self.live = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        is_new = lambda name: any(part in name for part in NEW_PARTS)
        groups = [
            {'params': [p for name, p in self.live if is_new(name)], 'factor': settings.new_parts_factor},
            {'params': [p for name, p in self.live if not is_new(name)], 'factor': 1.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01, fused=True)
        self.pass_number = self.batch_number = self.seen = 0
        self.smoothed_loss: float | None = None
        self.started, self.seconds_before = time.time(), 0.0

    @property
    def seconds(self) -> float:
        """Time of training, that of the runs resumed included."""
        return self.seconds_before + time.time() - self.started

    @property
    def progress(self) -> float:
        if self.settings.hours > 0:
            return self.seconds / (self.settings.hours * 3600)
        return self.seen / (self.settings.passes * self.passes.size)

    def step(self, batch: list[Sample]) -> None:
        factor = learning_rate_factor(self.progress, self.settings.warm_up)
        for group in self.optimizer.param_groups:
            group['lr'] = self.settings.learning_rate * group['factor'] * factor
        self.model.train()
        tensors = collate([s.encoded for s in batch]).to(self.device)
        with torch.autocast(self.device, dtype=torch.bfloat16):
            logits = self.model(*tensors.inputs()).float() + tensors.missing
        loss = loss_of(logits, batch, self.settings)
        (loss * (len(batch) / BATCH_UNIT)).backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in self.live], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.seen += len(batch)
        self.batch_number += 1
        self.smoothed_loss = loss.item() if self.smoothed_loss is None else 0.98 * self.smoothed_loss + 0.02 * loss.item()

    def run(self, on_step) -> None:
        """Until all passes are done; on_step() after each batch, returns True to stop."""
        while self.progress < 1:
            for batch in self.passes.batches(self.pass_number)[self.batch_number :]:
                self.step(batch)
                if on_step() or self.progress >= 1:
                    return
            self.pass_number, self.batch_number = self.pass_number + 1, 0

    def evaluate(self) -> dict[str, float]:
        kinds = {
            'heldOutClosed': [item.question.closed() for item in self.held_out if item.rate < 1],
            'heldOutContext': [replace(item.question, context=(item.contexts or [None])[0]) for item in self.held_out],
        }
        return {kind: round(float(precisions(self.model, self.encoder, questions).mean()), 4) for kind, questions in kinds.items() if questions}

    def state(self) -> dict:
        counters = {k: getattr(self, k) for k in ('pass_number', 'batch_number', 'seen', 'smoothed_loss')}
        return {'settings': asdict(self.settings), 'model': self.model.state_dict(), 'optimizer': self.optimizer.state_dict(), 'random': torch.get_rng_state(), 'seconds': self.seconds, **counters}

    def restore(self, state: dict) -> None:
        if state['settings'] != asdict(self.settings):
            raise SystemExit(f'the run to resume had other settings: {state["settings"]}')
        self.model.load_state_dict(state['model'])
        self.optimizer.load_state_dict(state['optimizer'])
        torch.set_rng_state(state['random'])
        self.started, self.seconds_before = time.time(), state['seconds']
        for name in ('pass_number', 'batch_number', 'seen', 'smoothed_loss'):
            setattr(self, name, state[name])


def train(args: argparse.Namespace, settings: Settings) -> None:
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(settings.seed)
    model, encoder = checkpoint.load(args.init), checkpoint.load_encoder(args.init)
    model.config.dropout = settings.dropout
    for module in model.modules():
        if hasattr(module, 'dropout'):
            module.dropout = settings.dropout
    trainer = Trainer(model, encoder, [item for path in args.data for item in read_items(path)], settings, device)
    args.out.mkdir(parents=True, exist_ok=True)
    state_file = args.out / 'state.pt'
    if args.resume and state_file.exists():
        trainer.restore(torch.load(state_file, weights_only=False))
    started = last_saved = time.time()
    seen_before = trainer.seen

    def log(**values) -> None:
        rate = (trainer.seen - seen_before) / (time.time() - started + 1e-9)
        line = {'progress': round(trainer.progress, 4), 'pass': trainer.pass_number, 'loss': trainer.smoothed_loss, 'questionsPerSecond': round(rate, 1), **values}
        print(json.dumps(line), flush=True)
        with (args.out / 'log.jsonl').open('a') as out:
            out.write(json.dumps(line) + '\n')

    def save() -> None:
        checkpoint.save(args.out, trainer.model, args.init / 'tokenizer.json')
        torch.save(trainer.state(), args.out / 'state.partial')
        (args.out / 'state.partial').replace(state_file)

    def on_step() -> bool:
        nonlocal last_saved
        if trainer.batch_number % 200 == 0:
            log()
        is_out_of_time = args.minutes is not None and time.time() - started > args.minutes * 60
        if is_out_of_time or time.time() - last_saved > args.save_minutes * 60:
            save()
            log(**trainer.evaluate())
            last_saved = time.time()
        return is_out_of_time

    log(items=round(trainer.passes.size), settings=asdict(settings))
    trainer.run(on_step)
    save()
    log(**trainer.evaluate())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('out', type=Path, help='folder for the checkpoint, the state and the log')
    parser.add_argument('--init', type=Path, required=True, help='checkpoint folder to start from (from_bert.py makes one)')
    parser.add_argument('--data', type=Path, nargs='+', required=True, help='training items, .jsonl or .jsonl.xz')
    parser.add_argument('--resume', action='store_true', help='go on from OUT/state.pt if it is there')
    parser.add_argument('--minutes', type=float, help='stop (resumably) after so long')
    parser.add_argument('--save-minutes', type=float, default=15)
    parser.add_argument('--threads', type=int, default=2)
    for name, value in asdict(Settings()).items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=type(value), default=value)
    args = parser.parse_args()
    train(args, Settings(**{name: getattr(args, name) for name in asdict(Settings())}))


if __name__ == '__main__':
    main()
