"""Writes crates/train/tests/fixtures/optim.json: 20 steps of PyTorch's optimizers under timm's schedule and average.

    python tools/fixtures_optim.py            # needs torch and timm 1.0.31
"""
import json
import os
import sys

import timm.scheduler
import timm.utils
import torch

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

STEPS = 20
SHAPES = {'head.fc.weight': (5, 7), 'head.fc.bias': (5,)}
OUT = os.path.join(os.path.dirname(__file__), '../crates/train/tests/fixtures/optim.json')
RULES = {
    'sgd': lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9),
    'nesterov': lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True),
    'adamw': lambda groups: torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.99), eps=1e-8),
}
SLOTS = {'sgd': ['momentum_buffer'], 'nesterov': ['momentum_buffer'], 'adamw': ['exp_avg', 'exp_avg_sq']}


class Head(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Module()
        self.head.fc = torch.nn.Linear(7, 5)
        for name, p in self.named_parameters():
            p.data = torch.from_numpy(counter.uniform('start.' + name, SHAPES[name], -1.0, 1.0))


def rates():
    dummy = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedule = timm.scheduler.CosineLRScheduler(
        dummy, t_initial=STEPS, lr_min=0.01, warmup_t=5, warmup_lr_init=0.001, t_in_epochs=False)
    found = []
    for step in range(STEPS):
        schedule.step_update(step)
        found.append(dummy.param_groups[0]['lr'])
    return found


def run(rule, lrs, limit):
    model = Head()
    weight, bias = model.head.fc.weight, model.head.fc.bias
    optimizer = RULES[rule]([{'params': [weight], 'weight_decay': 0.05}, {'params': [bias], 'weight_decay': 0.0}])
    ema = timm.utils.ModelEmaV3(model, decay=0.8, use_warmup=True)
    for step, lr in enumerate(lrs):
        for group in optimizer.param_groups:
            group['lr'] = lr
        for name, p in model.named_parameters():
            p.grad = torch.from_numpy(counter.uniform(f'g.{name}.{step}', SHAPES[name], -1.0, 1.0))
        torch.nn.utils.clip_grad_norm_(model.parameters(), limit)
        optimizer.step()
        ema.update(model, step=step + 1)
    flat = lambda t: t.detach().flatten().tolist()
    return {
        'values': {name: flat(p) for name, p in model.named_parameters()},
        'slots': [{name: flat(optimizer.state[p][slot]) for name, p in model.named_parameters()} for slot in SLOTS[rule]],
        'ema': {name: flat(p) for name, p in ema.module.named_parameters()},
    }


lrs = rates()
fixture = {'rates': lrs, 'rules': {rule: {str(limit): run(rule, lrs, limit) for limit in (1.0, 100.0)} for rule in RULES}}
with open(OUT, 'w') as out:
    json.dump(fixture, out)
