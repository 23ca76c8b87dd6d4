"""Runs the models of make_tflite.py and make_onnx.py, or our exports, as peers of our executor.

Reads one command a line from standard input and answers each with one line of JSON on standard
output; ends when the input does. `RuntimePeer` (runtime_peer.ts) tells the commands.
"""

import json
import os
import signal
import sys
import time
from importlib.metadata import version

import numpy as np


class LiteRt:
    """The interpreter as its users make it: XNNPACK takes what it can."""

    def __init__(self, model, threads, batch):
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = interpreter = Interpreter(model_path=model, num_threads=threads)
        [images] = interpreter.get_input_details()
        # Of several outputs, which all are computed, one is read.
        first = interpreter.get_output_details()[0]
        self.input, self.output, self.type = images["index"], first["index"], images["dtype"]
        interpreter.resize_tensor_input(self.input, [batch, *images["shape"][1:]])
        interpreter.allocate_tensors()
        self.delegated = self.parts()

    def parts(self):
        """Parts that XNNPACK took; between them are LiteRT's own kernels."""
        names = [op["op_name"] for op in self.interpreter._get_ops_details()]
        if "DELEGATE" not in names:
            raise ValueError("XNNPACK took nothing of the network")
        return names.count("DELEGATE")

    def feed(self, images):
        return images

    def run(self, images):
        self.interpreter.set_tensor(self.input, images)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)


class OnnxRuntime:
    """A session on the processor's cores, with every optimization of graphs, as by default."""

    def __init__(self, model, threads, batch):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(model, options, providers)
        [self.input] = self.session.get_inputs()
        self.type = np.uint8 if self.input.type == "tensor(uint8)" else np.float32

    def feed(self, images):
        # Our exports take images as they are, networks as PyTorch makes them channels first.
        if self.input.shape[1:] == list(images.shape[1:]):
            return images
        return np.ascontiguousarray(images.transpose([0, 3, 1, 2]))

    def run(self, images):
        return self.session.run(None, {self.input.name: images})[0]


# With the package that each is of.
RUNTIMES = {"litert": (LiteRt, "ai-edge-litert"), "onnxruntime": (OnnxRuntime, "onnxruntime")}


def images_for(runtime, quantized, scale, zero_point):
    """What stands for the same in the type that a network takes; quantized: [N, H, W, C] uint8"""
    if runtime.type == np.float32:
        return np.float32(scale) * (quantized.astype(np.float32) - zero_point)
    if runtime.type == np.int8:
        return (quantized.astype(np.int16) - 128).astype(np.int8)
    return quantized


class Loaded:
    """A network, and the images that it is run on."""

    def __init__(self, runtime, model, threads, batch, images):
        create, package = RUNTIMES[runtime]
        self.runtime = create(model, threads, batch)
        self.version = version(package)
        self.batch = batch
        quantized = np.fromfile(images["path"], np.uint8).reshape(images["shape"])
        typed = images_for(self.runtime, quantized, images["scale"], images["zeroPoint"])
        self.images = self.runtime.feed(typed)

    def outputs(self):
        starts = range(0, len(self.images), self.batch)
        return np.concatenate(
            [
                self.runtime.run(self.images[start : start + self.batch]).reshape(self.batch, -1)
                for start in starts
            ]
        )

    def round(self, seconds):
        images = self.images[: self.batch]
        self.runtime.run(images)
        latencies = []
        begin = time.perf_counter()
        while not latencies or time.perf_counter() - begin < seconds:
            start = time.perf_counter()
            self.runtime.run(images)
            latencies.append(1000 * (time.perf_counter() - start))
        return latencies


def answer_to(command, arguments, loaded):
    if command == "load":
        name = arguments.pop("id")
        loaded[name] = Loaded(**arguments)
        parts = getattr(loaded[name].runtime, "delegated", None)
        return {"version": loaded[name].version, **({} if parts is None else {"parts": parts})}
    network = loaded[arguments["id"]]
    if command == "outputs":
        return {"outputs": network.outputs().tolist()}
    return {"latenciesMs": network.round(arguments["seconds"])}


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the bench ends us
    # Only answers go to standard output, whatever else a library prints there.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    loaded = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answer_to(request["command"], request["arguments"], loaded)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
