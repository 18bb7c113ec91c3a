"""Writes crates/rexnet/tests/fixtures/scene.{png,jpg,json}: timm's logits from files, through timm's own transform.

    python tools/fixtures_scene.py            # needs Pillow, torch and timm 1.0.31

Weights are the generated ones of each tensor's name; of the 1000 logits every eighth is kept.
"""
import json
import os
import sys

import timm
import torch
from PIL import Image

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

NETS = ['rexnet_100', 'rexnet_130', 'rexnet_150', 'rexnet_200', 'rexnet_300', 'rexnetr_100', 'rexnetr_130', 'rexnetr_150',
        'rexnetr_200', 'rexnetr_300', 'tf_efficientnet_lite0']
OUT = os.path.join(os.path.dirname(__file__), '../crates/rexnet/tests/fixtures')


def shaken(name):
    model = timm.create_model(name, pretrained=False).eval()
    state = model.state_dict()
    for key, tensor in state.items():
        values = counter.shaken(key, tuple(tensor.shape))
        state[key] = tensor if values is None else torch.from_numpy(values)
    model.load_state_dict(state)
    return model


def logits(name, file):
    model = shaken(name)
    config = timm.data.resolve_model_data_config(model)
    config['crop_pct'] = 0.875  # what the zoo has, whatever tag timm takes by default
    transform = timm.data.create_transform(**config, is_training=False)
    pixels = transform(Image.open(os.path.join(OUT, file)).convert('RGB'))[None]
    with torch.no_grad():
        y = model.double()(pixels.double())[0]
    return {'argmax': int(y.argmax()), 'largest': float(y.abs().max()), 'every_8th': [round(v, 6) for v in y[::8].tolist()]}


os.makedirs(OUT, exist_ok=True)
coarse, fine = (Image.fromarray(counter.data(f'scene.{w}', w * h * 3).reshape(h, w, 3)).resize((300, 260), Image.Resampling.BICUBIC)
                for w, h in ((9, 7), (50, 43)))
scene = Image.blend(coarse, fine, 0.4)
scene.save(os.path.join(OUT, 'scene.png'))
scene.save(os.path.join(OUT, 'scene.jpg'), quality=90, subsampling=0)  # how chroma is interpolated is each decoder's own affair
rows = {name: {kind: logits(name, 'scene.' + kind) for kind in ('png', 'jpg')} for name in NETS}
with open(os.path.join(OUT, 'scene.json'), 'w') as out:
    out.write('{\n' + ',\n'.join(f'"{k}": {json.dumps(v)}' for k, v in rows.items()) + '\n}\n')
