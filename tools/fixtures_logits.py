"""Writes crates/engine/tests/fixtures/logits.json: timm's logits (float64) on shaken weights and a generated picture of 64x64.

    python tools/fixtures_logits.py            # needs torch and timm 1.0.31
"""
import json
import os
import sys

import timm
import torch

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

SIZE = 64
NETS = ['rexnet_100', 'rexnet_130', 'rexnet_150', 'rexnet_200', 'rexnet_300', 'rexnetr_100', 'rexnetr_130', 'rexnetr_150',
        'rexnetr_200', 'rexnetr_300', 'mobilenetv2_100', 'efficientnet_b0', 'tf_efficientnet_lite0']
OUT = os.path.join(os.path.dirname(__file__), '../crates/engine/tests/fixtures/logits.json')


def logits(name):
    model = timm.create_model(name, pretrained=False).eval()
    state = {}
    for key, tensor in model.state_dict().items():
        values = counter.shaken(key, tuple(tensor.shape))
        state[key] = tensor if values is None else torch.from_numpy(values)
    model.load_state_dict(state)
    picture = torch.from_numpy(counter.uniform('input', (1, 3, SIZE, SIZE), -2.0, 2.0))
    with torch.no_grad():
        y = model.double()(picture.double())[0]
    return {'argmax': int(y.argmax()), 'largest': float(y.abs().max()), 'every_8th': [round(v, 7) for v in y[::8].tolist()]}


os.makedirs(os.path.dirname(OUT), exist_ok=True)
rows = {name: logits(name) for name in NETS}
with open(OUT, 'w') as out:
    out.write('{\n' + ',\n'.join(f'"{k}": {json.dumps(v)}' for k, v in rows.items()) + '\n}\n')
print({k: round(v['largest'], 3) for k, v in rows.items()})
