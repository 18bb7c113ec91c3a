"""Writes `crates/vision/tests/fixtures/cifar_protocol4.pkl`: two CIFAR records as NumPy and pickle write them today.

    python tools/fixtures_cifar.py
"""
import pickle
from pathlib import Path

import counter

data = counter.data('cifar', 2 * 3072).reshape(2, 3072)
batch = {b'data': data, b'fine_labels': [7, 0], b'filenames': [b'a.png', b'b.png']}
target = Path(__file__).parent.parent / 'crates/vision/tests/fixtures/cifar_protocol4.pkl'
target.write_bytes(pickle.dumps(batch, protocol=4))
