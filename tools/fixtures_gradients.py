"""Writes crates/train/tests/fixtures/gradients.json: PyTorch's gradients (float64) in training mode, dropout off.

Of each gradient the fixture holds its norm and 32 dot products with fixed vectors of +1 and -1: the root mean square of the
differences of those products is an estimate of the distance between two gradients.

    python tools/fixtures_gradients.py            # needs torch and timm 1.0.31; some minutes
"""
import json
import os
import sys

import timm
import torch

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

VECTORS, BATCH, MAP, SIDE = 32, 16, 14, 96
# Block of rexnet_100: 0 has no expansion, 1 stride 2, 2 a partial shortcut; from 3 with squeeze-excitation.
BLOCKS = [0, 1, 2, 3, 4]
OUT = os.path.join(os.path.dirname(__file__), '../crates/train/tests/fixtures/gradients.json')


def fill(module, prefix):
    state = {}
    for key, tensor in module.state_dict().items():
        values = counter.shaken(prefix + key, tuple(tensor.shape))
        state[key] = tensor if values is None else torch.from_numpy(values)
    module.load_state_dict(state)
    return module.train()


def signs(name, n):
    bits = counter.bits('signs.' + name, VECTORS * n) >> 63
    return torch.from_numpy(bits.astype('float64') * 2 - 1).reshape(VECTORS, n)


def of(name, gradient):
    flat = gradient.detach().double().contiguous().flatten()
    return {'norm': float(flat.norm()), 'dots': [float(d) for d in signs(name, len(flat)) @ flat]}


def block(index):
    prefix = f'features.{index}.'
    model = timm.create_model('rexnet_100', drop_path_rate=0.0).features[index]
    module = fill(model, prefix).double()
    c_in = next(m for m in module.modules() if isinstance(m, torch.nn.Conv2d)).in_channels
    x = torch.from_numpy(counter.uniform(prefix + 'x', (BATCH, c_in, MAP, MAP), -1.0, 1.0)).double().requires_grad_()
    y = module(x)
    g = torch.from_numpy(counter.uniform(prefix + 'g', tuple(y.shape), -1.0, 1.0)).double()
    (y * g).sum().backward()
    rows = {prefix + name: of(prefix + name, p.grad) for name, p in module.named_parameters()}
    rows[prefix + 'x'] = of(prefix + 'x', x.grad)
    return rows


def whole(dtype, layout):
    model = fill(timm.create_model('rexnet_100', drop_rate=0.0, drop_path_rate=0.0), '').to(dtype)
    x = torch.from_numpy(counter.uniform('pictures', (BATCH, 3, SIDE, SIDE), -2.0, 2.0)).to(dtype)
    model, x = model.to(memory_format=layout), x.to(memory_format=layout)
    labels = torch.tensor([i * 37 % 1000 for i in range(BATCH)])
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(model(x), labels)
    loss.backward()
    gradients = {name: p.grad.detach().double() for name, p in model.named_parameters()}
    buffers = {name: b.detach().double() for name, b in model.named_buffers() if b.dtype.is_floating_point}
    return float(loss), gradients, buffers


def network():
    loss, true, buffers = whole(torch.float64, torch.contiguous_format)
    runs = [whole(torch.float32, layout)[1] for layout in (torch.contiguous_format, torch.channels_last)]
    rows = {}
    for name, gradient in true.items():
        rows[name] = of(name, gradient)
        rows[name]['float32'] = max(float((run[name] - gradient).norm()) for run in runs)
    return {'loss': loss, 'tensors': rows, 'statistics': {name: of(name, b) for name, b in buffers.items()}}


os.makedirs(os.path.dirname(OUT), exist_ok=True)
fixture = {'blocks': {str(i): block(i) for i in BLOCKS}, 'network': network()}
text = json.dumps(fixture, default=float)
import re  # noqa: E402
with open(OUT, 'w') as out:
    out.write(re.sub(r'-?\d+\.\d+(e[+-]?\d+)?', lambda m: f'{float(m[0]):.7g}', text).replace('}, "', '},\n"') + '\n')
print(os.path.getsize(OUT), fixture['network']['loss'])
