"""Writes crates/vision/tests/fixtures/pictures/: encoded pictures, and what Pillow, timm and torchvision make of them.

    python tools/fixtures_pictures.py            # needs Pillow, torchvision and timm 1.0.31
"""
import json
import os
import shutil
import sys

import numpy as np
import torch
from PIL import Image, ImageOps
from timm.data import create_transform
from torchvision.transforms import v2

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

OUT = os.path.join(os.path.dirname(__file__), '../crates/vision/tests/fixtures/pictures')
FILTERS = {'bicubic': Image.Resampling.BICUBIC, 'bilinear': Image.Resampling.BILINEAR, 'nearest': Image.Resampling.NEAREST}


def noise(name, width, height, planes=3):
    return counter.data(name, width * height * planes).reshape(height, width, planes)


def smooth(name, width, height, planes=3):
    """Soft colours, as a lossy format wants them."""
    small = Image.fromarray(noise(name, 5, 4)) if planes == 3 else Image.fromarray(noise(name, 5, 4, 4), 'CMYK')
    return small.resize((width, height), Image.Resampling.BICUBIC)


def rgb(picture):
    """What is expected: transparency over white, 16 bits scaled by 257, otherwise Pillow's own conversion."""
    if picture.mode in ('RGBA', 'LA', 'PA') or 'transparency' in picture.info:
        picture = picture.convert('RGBA')
        white = Image.new('RGBA', picture.size, 'white')
        return Image.alpha_composite(white, picture).convert('RGB')
    if picture.mode.startswith('I'):
        picture = Image.fromarray(((np.asarray(picture).astype(np.uint32) + 128) // 257).astype(np.uint8))
    return picture.convert('RGB')


def encoded():
    s = smooth('smooth', 24, 17)
    alpha = s.copy()
    alpha.putalpha(Image.fromarray(noise('alpha', 24, 17, 1)[..., 0]))
    palette = s.quantize(16)
    clear = palette.copy()
    clear.info['transparency'] = 3
    grey16 = Image.fromarray(counter.data('grey16', 24 * 17 * 2).view(np.uint16).reshape(17, 24))
    yield 'colour.png', s, {}
    yield 'grey.png', s.convert('L'), {}
    yield 'alpha.png', alpha, {}
    yield 'grey_alpha.png', alpha.convert('LA'), {}
    yield 'palette.png', palette, {}
    yield 'palette_clear.png', clear, {'transparency': 3}
    yield 'grey16.png', grey16, {}
    yield 'one_bit.png', s.convert('1'), {}
    yield 'colour.bmp', s, {}
    yield 'alpha.bmp', alpha, {}
    yield 'first.gif', palette, {'save_all': True, 'append_images': [ImageOps.invert(s).quantize(16)], 'duration': 90}
    yield 'colour.tif', s, {'compression': 'tiff_lzw'}
    yield 'cmyk.tif', s.convert('CMYK'), {}
    yield 'palette.tif', palette, {}
    yield 'grey16.tif', grey16, {}
    yield 'lossless.webp', s, {'lossless': True}
    yield 'lossy.webp', s, {'quality': 90}
    yield 'first.webp', s, {'lossless': True, 'save_all': True, 'append_images': [ImageOps.invert(s)], 'duration': 90}
    yield 'alpha.webp', alpha, {'lossless': True, 'exact': True}
    yield 'colour.jpg', s, {'quality': 95, 'subsampling': 0}
    yield 'grey.jpg', s.convert('L'), {'quality': 95}
    yield 'scans.jpg', s, {'quality': 95, 'subsampling': 0, 'progressive': True}
    yield 'restarts.jpg', s, {'quality': 95, 'subsampling': 2, 'restart_marker_blocks': 1}
    yield 'rgb.jpg', s, {'quality': 95, 'keep_rgb': True}
    yield 'cmyk.jpg', smooth('cmyk', 24, 17, 4), {'quality': 95, 'subsampling': 0}
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f'turned_{orientation}.jpg', s, {'quality': 95, 'subsampling': 0, 'exif': exif}
    exif[0x0112] = 6
    yield 'turned_6.png', s, {'exif': exif}
    yield 'turned_6.webp', s, {'exif': exif, 'lossless': True}
    yield 'turned_6.tif', s, {'tiffinfo': exif}


def read(name):
    with open(os.path.join(OUT, name), 'rb') as file:
        return file.read()


def write(name, data):
    with open(os.path.join(OUT, name), 'wb') as file:
        file.write(data)


def files():
    rows = {}
    for name, picture, options in encoded():
        path = os.path.join(OUT, name)
        picture.save(path, **options)
        found = Image.open(path)
        upright = rgb(ImageOps.exif_transpose(found))
        rows[name] = {'size': upright.size, 'rgb': upright.tobytes().hex()}
    # What Pillow reads but does not write: YCCK, CMYK without Adobe's segment (and so not inverted), bytes between
    # segments and behind the picture, and a name that lies.
    cmyk, colour = read('cmyk.jpg'), read('colour.jpg')
    adobe, tables = cmyk.index(b'\xff\xee'), colour.index(b'\xff\xdb')
    odd = {
        'ycck.jpg': cmyk[:adobe + 15] + b'\2' + cmyk[adobe + 16:],
        'plain_cmyk.jpg': cmyk[:adobe] + cmyk[adobe + 16:],
        'untidy.jpg': colour[:tables] + b'between segments' + colour[tables:] + b'behind the picture',
        'png_named.jpg': read('colour.png'),
    }
    for name, data in odd.items():
        write(name, data)
        found = rgb(Image.open(os.path.join(OUT, name)))
        rows[name] = {'size': found.size, 'rgb': found.tobytes().hex()}
    return rows


def resized():
    rows = []
    for width, height, to in [(61, 47, (32, 32)), (61, 47, (20, 90)), (33, 20, (70, 41)), (200, 3, (7, 3)), (1, 60, (1, 9)), (40, 40, (39, 41)),
                              (5, 38, (16, 29)), (46, 86, (15, 41)), (18, 57, (10, 40)), (4, 3, (30, 19))]:
        source = Image.fromarray(noise(f'resize.{width}x{height}', width, height))
        for name, filter in FILTERS.items():
            rows.append({'from': [width, height], 'to': to, 'filter': name, 'antialias': True,
                         'rgb': source.resize(to, filter).tobytes().hex()})
            if name != 'nearest':
                tensor = torch.from_numpy(noise(f'resize.{width}x{height}', width, height)).permute(2, 0, 1)
                plain = v2.functional.resize(tensor, [to[1], to[0]], interpolation=v2.InterpolationMode(name), antialias=False)
                rows.append({'from': [width, height], 'to': to, 'filter': name, 'antialias': False,
                             'rgb': plain.permute(1, 2, 0).numpy().tobytes().hex()})
    return rows


def preprocessed():
    rows = []
    contracts = [
        (32, 0.875, 'bicubic', 'center'), (32, 0.95, 'bilinear', 'center'), (33, 1.0, 'bicubic', 'center'),
        (32, 0.875, 'bicubic', 'squash'), ((24, 40), 0.9, 'bicubic', 'center'),
    ]
    for size, crop_pct, filter, mode in contracts:
        for width, height in [(50, 40), (41, 77), (20, 13), (1, 200), (200, 1), (1, 1), (36, 36)]:
            source = Image.fromarray(noise(f'view.{width}x{height}', width, height))
            transform = create_transform(input_size=(3, size, size) if isinstance(size, int) else (3, *size), is_training=False, interpolation=filter,
                                         crop_pct=crop_pct, crop_mode=mode, mean=(0.0,) * 3, std=(1.0,) * 3)
            view = (transform(source) * 255).round().to(torch.uint8)
            rows.append({'from': [width, height], 'size': [size, size] if isinstance(size, int) else size, 'crop_pct': crop_pct,
                         'filter': filter, 'mode': mode, 'rgb': view.permute(1, 2, 0).numpy().tobytes().hex()})
    values = create_transform(input_size=8, is_training=False, crop_pct=1.0)(Image.fromarray(noise('values', 8, 8)))
    return rows, values.flatten().tolist()


shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
views, values = preprocessed()
for name, rows in [('files', files()), ('resized', resized()), ('views', views), ('values', values)]:
    with open(os.path.join(OUT, name + '.json'), 'w') as out:
        json.dump(rows, out)
