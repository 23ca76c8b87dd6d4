"""Runs a float model in the program that it is of (workflows/verify/float_oracle.ts).

As run_export.py, whose protocol it speaks, with `shape` of the images in the request. `kind` is "litert",
"onnxruntime" or "keras"; the first of `names` is that of the images, the others those of the outputs:
numbers of tensors for LiteRT, any tensors of the graph for ONNX Runtime, numbers of outputs for Keras.
Bytes are those of float32 numbers.
"""

import json
import os
import signal
import sys
import warnings
from importlib.metadata import version

import numpy as np


def litert(request):
    from ai_edge_litert.interpreter import Interpreter

    warnings.filterwarnings("ignore", message=".*preserve_all_tensors.*")
    interpreter = Interpreter(
        model_path=request["file"], experimental_preserve_all_tensors=True
    )
    interpreter.allocate_tensors()
    wanted = [int(name) for name in request["names"]]
    image = next(each for each in interpreter.get_input_details() if each["index"] == wanted[0])
    if image["dtype"] != np.float32:
        sys.exit(f"the images of {request['file']} are {np.dtype(image['dtype']).name}, not float32")
    if list(image["shape"]) != request["shape"]:
        interpreter.resize_tensor_input(wanted[0], request["shape"])
        interpreter.allocate_tensors()

    def run(pixels):
        for each in interpreter.get_input_details():
            given = pixels if each["index"] == wanted[0] else np.zeros(each["shape"], each["dtype"])
            interpreter.set_tensor(each["index"], given)
        interpreter.invoke()
        return [interpreter.get_tensor(tensor) for tensor in wanted[1:]]

    return f"LiteRT {version('ai-edge-litert')}", run


def onnxruntime(request):
    import onnx
    import onnxruntime as ort

    images, *outputs = request["names"]
    model = request["file"]
    graph = onnx.load(model, load_external_data=False).graph
    if not set(outputs) <= {output.name for output in graph.output}:
        # It gives the outputs of the graph only.
        whole = onnx.load(model)
        known = {output.name for output in whole.graph.output}
        more = [onnx.helper.make_empty_tensor_value_info(name) for name in outputs if name not in known]
        whole.graph.output.extend(more)
        model = whole.SerializeToString()
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    taken = next(each for each in session.get_inputs() if each.name == images)
    dtype = ONNX_TYPES[taken.type]
    # What feeds none of those outputs is asked for, too.
    others = {
        each.name: np.zeros([side if isinstance(side, int) else 1 for side in each.shape], ONNX_TYPES[each.type])
        for each in session.get_inputs()
        if each.name != images
    }

    def run(pixels):
        return session.run(outputs, {**others, images: pixels.astype(dtype)})

    return f"ONNX Runtime {version('onnxruntime')}", run


ONNX_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def keras(request):
    os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1")
    import tensorflow as tf
    from tensorflow import keras

    model = keras.models.load_model(request["file"], compile=False)

    def run(pixels):
        made = tf.nest.flatten(model(pixels, training=False))
        return [made[int(name)].numpy() for name in request["names"][1:]]

    return f"Keras {version('keras')}", run


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what libraries print is no answer
    request = json.loads(source.readline())
    runtime, run = RUNTIMES[request["kind"]](request)
    shape = request["shape"]

    def answer(pixels):
        # As the images are asked for, the outputs: in single precision.
        return [pixels, *(np.asarray(each, np.float32) for each in run(pixels))]

    sizes = [tensor.nbytes for tensor in answer(np.zeros(shape, np.float32))]
    first = {"runtime": runtime, "imageBytes": sizes[0], "bytes": sizes}
    sink.write(f"{json.dumps(first)}\n".encode())
    sink.flush()
    while len(pixels := source.read(sizes[0])) == sizes[0]:
        for tensor in answer(np.frombuffer(pixels, np.float32).reshape(shape)):
            sink.write(np.ascontiguousarray(tensor).data)
        sink.flush()


RUNTIMES = {"litert": litert, "onnxruntime": onnxruntime, "keras": keras}

main()
