"""Writes crates/engine/tests/fixtures/logits.json: timm's logits (float64) on shaken weights and a generated picture of 64x64.
With a checkout of clovaai/rexnet also crates/train/tests/fixtures/lite.json: those of its lite class, under its own names.

    python tools/fixtures_logits.py [--clovaai PATH]            # needs torch and timm 1.0.31
"""
import argparse
import json
import os
import sys

import timm
import torch
from timm.models.rexnet import RexNet

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

SIZE = 64
NETS = ['rexnet_100', 'rexnet_130', 'rexnet_150', 'rexnet_200', 'rexnet_300', 'rexnetr_100', 'rexnetr_130', 'rexnetr_150',
        'rexnetr_200', 'rexnetr_300', 'mobilenetv2_100', 'efficientnet_b0', 'tf_efficientnet_lite0']
# Widths of the paper that timm has no entry for.
WIDTHS = {'rexnet_090': 0.9, 'rexnet_110': 1.1, 'rexnet_120': 1.2, 'rexnet_140': 1.4, 'rexnet_220': 2.2}
LITE = {'rexnet_lite_100': 1.0, 'rexnet_lite_130': 1.3, 'rexnet_lite_150': 1.5, 'rexnet_lite_200': 2.0}
CRATES = os.path.join(os.path.dirname(__file__), '../crates')


def logits(model):
    state = {}
    for key, tensor in model.state_dict().items():
        values = counter.shaken(key, tuple(tensor.shape))
        state[key] = tensor if values is None else torch.from_numpy(values)
    model.load_state_dict(state)
    picture = torch.from_numpy(counter.uniform('input', (1, 3, SIZE, SIZE), -2.0, 2.0))
    with torch.no_grad():
        y = model.eval().double()(picture.double())[0]
    return {'argmax': int(y.argmax()), 'largest': float(y.abs().max()), 'every_8th': [round(v, 7) for v in y[::8].tolist()]}


def write(path, rows):
    path = os.path.join(CRATES, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w') as out:
        out.write('{\n' + ',\n'.join(f'"{k}": {json.dumps(v)}' for k, v in rows.items()) + '\n}\n')
    print({k: round(v['largest'], 3) for k, v in rows.items()})


arguments = argparse.ArgumentParser()
arguments.add_argument('--clovaai')
clovaai = arguments.parse_args().clovaai
rows = {name: logits(timm.create_model(name, pretrained=False)) for name in NETS}
rows |= {name: logits(RexNet(width_mult=width)) for name, width in WIDTHS.items()}
write('engine/tests/fixtures/logits.json', rows)
if clovaai:
    sys.path.insert(0, clovaai)
    from rexnetv1_lite import ReXNetV1_lite
    write('train/tests/fixtures/lite.json', {name: logits(ReXNetV1_lite(multiplier=width)) for name, width in LITE.items()})
