"""One runtime in a process of its own: loads a network once, then runs it whenever it is told to.

    python tools/peers/runtimes.py RUNTIME MODELS NET BATCH THREADS PRECISION

Prints `{"version": ..., "logit": ...}` when the first result is there; then, for each line of standard input, a number
of seconds, the milliseconds of every batch in that time as a JSON list. Pixels are those of `rexnet bench`.
"""
import json
import os
import pathlib
import sys
import time
from importlib.metadata import version

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import counter  # noqa: E402

SIZE = 224


class Missing(Exception):
    """This runtime has no such thing."""


class Job:
    def __init__(self, models, net, batch, threads, precision):
        self.models, self.net, self.precision = pathlib.Path(models), net, precision
        self.batch, self.threads = int(batch), int(threads)
        self.pixels = counter.uniform('pixels', (self.batch, 3, SIZE, SIZE), -2.0, 2.0)

    def file(self, suffix, of_batch=False):
        path = self.models / (f'{self.net}_b{self.batch}{suffix}' if of_batch else f'{self.net}{suffix}')
        if not path.exists():
            raise Missing(f'no {path.name}: tools/peers/nets.py makes it')
        return str(path)

    def only(self, *precisions):
        if self.precision not in precisions:
            raise Missing(f'runs no {self.precision} here')


def onnxruntime(job):
    import onnxruntime as ort
    job.only('f32', 'int8')
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = job.threads, 1
    suffix = '.onnx' if job.precision == 'f32' else '.int8.onnx'
    session = ort.InferenceSession(job.file(suffix), options, providers=['CPUExecutionProvider'])
    return version('onnxruntime'), lambda: session.run(None, {'pixels': job.pixels})[0]


def openvino(job):
    import openvino as ov
    job.only('f32', 'bf16')
    core = ov.Core()
    model = core.read_model(job.file('.onnx'))
    model.reshape(list(job.pixels.shape))
    compiled = core.compile_model(model, 'CPU', {
        'PERFORMANCE_HINT': 'LATENCY', 'INFERENCE_NUM_THREADS': job.threads, 'NUM_STREAMS': 1,
        'INFERENCE_PRECISION_HINT': job.precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(ov.Tensor(job.pixels, shared_memory=False))  # a copy: `job` goes away

    def run():
        request.infer()
        return request.get_output_tensor().data
    return version('openvino'), run


def litert(job):
    from ai_edge_litert.interpreter import Interpreter
    job.only('f32')
    interpreter = Interpreter(model_path=job.file('.tflite', True), num_threads=job.threads)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]['index'],
                           np.ascontiguousarray(job.pixels.transpose(0, 2, 3, 1)))
    output = interpreter.get_output_details()[0]['index']

    def run():
        interpreter.invoke()
        return interpreter.get_tensor(output)
    return version('ai-edge-litert'), run


def executorch(job):
    import torch
    from executorch.extension.pybindings import portable_lib
    job.only('f32')
    portable_lib._unsafe_reset_threadpool(job.threads)
    module = portable_lib._load_for_executorch(job.file('.pte', True))
    pixels = (torch.from_numpy(job.pixels),)
    return version('executorch'), lambda: module.forward(pixels)[0].numpy()


def torch_eager(job):
    import torch

    import nets
    job.only('f32')
    torch.set_num_threads(job.threads)
    net = nets.build(job.net).to(memory_format=torch.channels_last)
    pixels = torch.from_numpy(job.pixels).to(memory_format=torch.channels_last)

    def run():
        with torch.inference_mode():
            return net(pixels).numpy()
    return version('torch'), run


def ncnn(job):
    import ncnn as library
    job.only('f32')
    net = library.Net()
    net.opt.num_threads, net.opt.use_vulkan_compute = job.threads, False
    for half in ('use_fp16_packed', 'use_fp16_storage', 'use_fp16_arithmetic', 'use_bf16_storage'):
        setattr(net.opt, half, False)
    net.load_param(job.file('.ncnn.param'))
    net.load_model(job.file('.ncnn.bin'))
    pictures = [library.Mat(picture) for picture in job.pixels]

    def run():
        out = []
        for picture in pictures:  # it knows no batches
            with net.create_extractor() as extractor:
                extractor.input('in0', picture)
                out.append(np.array(extractor.extract('out0')[1]))  # a copy: the memory goes with the extractor
        return np.stack(out)
    return version('ncnn'), run


def mnn(job):
    import MNN
    job.only('f32')
    config = {'backend': 'CPU', 'precision': 'high', 'numThread': job.threads, 'power': 'high'}
    runtime = MNN.nn.create_runtime_manager((config,))
    net = MNN.nn.load_module_from_file(job.file('.mnn', True), ['pixels'], ['logits'], runtime_manager=runtime,
                                       shape_mutable=False)
    pixels = MNN.expr.const(job.pixels, list(job.pixels.shape), MNN.expr.NCHW)
    return version('MNN'), lambda: np.array(net.forward([pixels])[0].read())


RUNTIMES = {'litert': litert, 'openvino': openvino, 'onnxruntime': onnxruntime, 'executorch': executorch,
            'torch': torch_eager, 'ncnn': ncnn, 'mnn': mnn}


def main():
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)  # what libraries print is no answer
    name, *job = sys.argv[1:]
    known, run = RUNTIMES[name](Job(*job))
    logit = float(np.asarray(run()).ravel()[0])
    run()
    print(json.dumps({'version': known, 'logit': logit}), file=answers, flush=True)
    for line in sys.stdin:
        end, times = time.perf_counter() + float(line), []
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append(1e3 * (time.perf_counter() - start))
        print(json.dumps(times), file=answers, flush=True)


if __name__ == '__main__':
    try:
        main()
    except (ImportError, Missing) as error:
        sys.exit(f'{type(error).__name__}: {error}')
