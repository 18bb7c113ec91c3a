"""Writes crates/vision/tests/fixtures/augment/: what timm, Pillow and torchvision make of generated pictures.

    python tools/fixtures_augment.py             # needs Pillow, torchvision and timm 1.0.31
"""
import json
import os
import sys

import numpy as np
import torch
from PIL import Image
from timm.data import Mixup, auto_augment, mixup
from torchvision.transforms import functional

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

OUT = os.path.join(os.path.dirname(__file__), '../crates/vision/tests/fixtures/augment')
FILL = (124, 116, 104)
MOVES = ('Rotate', 'ShearX', 'ShearY', 'TranslateXRel', 'TranslateYRel')
FILTERS = {'bicubic': Image.Resampling.BICUBIC, 'bilinear': Image.Resampling.BILINEAR, 'nearest': Image.Resampling.NEAREST}


def picture(name, width, height):
    """Noise; the one called `dim` has a quarter of the contrast."""
    values = counter.data(f'augment.{name}', width * height * 3).reshape(height, width, 3)
    return Image.fromarray(values // 4 + 70 if name == 'dim' else values)


def operations():
    """Every operation by timm's own `AugmentOp` at a fixed magnitude, its sign chosen rather than drawn."""
    pictures = [('noise', 16, 11), ('dim', 19, 21), ('thin', 1, 40)]
    for increasing, names in [(False, auto_augment._RAND_TRANSFORMS), (True, auto_augment._RAND_INCREASING_TRANSFORMS)]:
        for name in names:
            short = name.removesuffix('Increasing')
            if increasing and name == short:
                continue  # the same as without
            for filter in FILTERS if name in MOVES else ['bicubic']:
                for level, sign in [(0.0, 1), (3.3, 1), (8.7, -1), (9.9, 1)]:
                    auto_augment._randomly_negate = lambda value: sign * value
                    operation = auto_augment.AugmentOp(
                        name, prob=1.0, magnitude=level, hparams={'img_mean': FILL, 'interpolation': FILTERS[filter]})
                    for called, width, height in pictures:
                        if called == 'thin' and level != 8.7:
                            continue
                        try:
                            changed = operation(picture(called, width, height))
                        except ValueError:  # Pillow no longer keeps 0 bits
                            continue
                        yield {'operation': short, 'increasing': increasing, 'level': level, 'sign': sign, 'filter': filter,
                               'picture': called, 'size': [width, height], 'rgb': changed.tobytes().hex()}


def hues():
    for turn in [-0.5, -0.21, 0.1, 0.37, 0.5]:
        yield {'turn': turn, 'rgb': functional.adjust_hue(picture('noise', 64, 40), turn).tobytes().hex()}


def mixes():
    """Whole batches by timm's own `Mixup`, lambda and the window's middle chosen rather than drawn."""
    shape = (4, 2, 6, 9)
    mixer = Mixup(label_smoothing=0.1, num_classes=4)
    for share, middle in [(0.8, None), (0.13, None), (0.75, (2, 4)), (0.4, (0, 8)), (0.05, (5, 0)), (0.999, (3, 3))]:
        mixer._params_per_batch = lambda: (share, middle is not None)
        places = iter(middle or ())
        mixup.np.random.randint = lambda low, high, size=None: next(places)
        batch = torch.from_numpy(counter.uniform('augment.batch', shape, -2, 2))
        kept = mixer._mix_batch(batch)
        yield {'batch': shape[0], 'sides': shape[2:], 'lambda': share, 'middle': middle, 'kept': kept, 'pixels': batch.flatten().tolist()}


os.makedirs(OUT, exist_ok=True)
for name, rows in [('operations', operations()), ('hues', hues()), ('mixes', mixes())]:
    with open(os.path.join(OUT, name + '.json'), 'w') as out:
        json.dump(list(rows), out)
