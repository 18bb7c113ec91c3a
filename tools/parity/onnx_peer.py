"""Runs an ONNX file with ONNX Runtime on three generated pictures; the peer test of crates/weights calls it.

    python tools/parity/onnx_peer.py net.onnx      # needs numpy and onnxruntime
"""
import json
import pathlib
import sys

import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import counter  # noqa: E402


def main(path):
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    [picture] = session.get_inputs()
    pixels = counter.uniform('pixels', (3, *picture.shape[1:]), -2, 2)
    [logits] = session.run(['logits'], {picture.name: pixels})
    facts = session.get_modelmeta().custom_metadata_map
    json.dump({'version': onnxruntime.__version__, 'batch': picture.shape[0], 'logits': logits.flatten().tolist(),
               **{key: facts[key] for key in ('classes', 'input', 'net')}}, sys.stdout)


if __name__ == '__main__':
    main(sys.argv[1])
