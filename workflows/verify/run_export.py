"""Runs an exported model in its real runtime, layer by layer (workflows/verify/python_runtime.ts).

The first line of standard input is a JSON object:

  kind    "litert", "onnxruntime", "tflite-micro" or "qonnx"
  file    the exported file: it is run as it is, for its outputs
  layers  the file to take the layers from: LiteRT the same, ONNX Runtime a copy that has the layers
          as outputs, TensorFlow Lite Micro one whose first outputs they are
  names   of the layers
  outputs how many the file has
  session of "onnxruntime", where there are any: entries of the session's configuration
  parameters of "qonnx": scale and zero point of the image, of each layer and of each output

The answer is a line of JSON: `runtime` (name and version), `imageBytes`, and `bytes`, of each layer
and of each output. Then each image that comes, as plain bytes, is answered with the bytes of every
layer, [H, W, C], and of the outputs in the file's order, one after another; ends when the input does.

Bytes are uint8, q; a file of int8 takes and gives q - 128.

Both runtimes run in their default setting. LiteRT keeps the tensors between the layers on request
(`experimental_preserve_all_tensors`), and still runs every layer in the delegate it would run it in.
"""

import json
import signal
import sys
import warnings
from importlib.metadata import version

import numpy as np


def signed(array):
    return (array ^ 128).view(np.int8)


def unsigned(array):
    return array.view(np.uint8) ^ 128 if array.dtype == np.int8 else array


def litert(request):
    from ai_edge_litert.interpreter import Interpreter

    warnings.filterwarnings("ignore", message=".*preserve_all_tensors.*")
    whole = Interpreter(model_path=request["file"])
    layered = Interpreter(model_path=request["layers"], experimental_preserve_all_tensors=True)
    for interpreter in (whole, layered):
        interpreter.allocate_tensors()
    index = {tensor["name"]: tensor["index"] for tensor in layered.get_tensor_details()}
    wanted = [index[name] for name in request["names"]]
    image = whole.get_input_details()[0]
    outputs = [output["index"] for output in whole.get_output_details()]

    def run(pixels):
        for interpreter in (whole, layered):
            given = interpreter.get_input_details()[0]
            pixels_of_type = signed(pixels) if given["dtype"] == np.int8 else pixels
            interpreter.set_tensor(given["index"], pixels_of_type)
            interpreter.invoke()
        layers = [layered.get_tensor(tensor) for tensor in wanted]
        return [*layers, *(whole.get_tensor(output) for output in outputs)]

    return f"LiteRT {version('ai-edge-litert')}", tuple(image["shape"]), run


def onnxruntime(request):
    import onnxruntime as ort

    options = ort.SessionOptions()
    for name, value in request.get("session", {}).items():
        options.add_session_config_entry(name, value)
    whole, layered = (
        ort.InferenceSession(request[key], options, providers=["CPUExecutionProvider"])
        for key in ("file", "layers")
    )
    image = whole.get_inputs()[0]

    def run(pixels):
        pixels = signed(pixels) if image.type == "tensor(int8)" else pixels
        layers = layered.run(request["names"], {image.name: pixels})
        # [1, C, H, W] to our order of axes
        layers = [layer.transpose(0, 2, 3, 1) for layer in layers]
        return [*layers, *whole.run(None, {image.name: pixels})]

    return f"ONNX Runtime {version('onnxruntime')}", tuple(image.shape), run


def tflite_micro(request):
    from tflite_micro.python.tflite_micro import runtime

    whole, layered = (runtime.Interpreter.from_file(request[key]) for key in ("file", "layers"))
    shape = tuple(whole.get_input_details(0)["shape"])
    count = len(request["names"])
    outputs = range(request["outputs"])

    def run(pixels):
        for interpreter in (whole, layered):
            interpreter.set_input(signed(pixels), 0)
            interpreter.invoke()
        layers = [layered.get_output(index) for index in range(count)]
        return [*layers, *(whole.get_output(index) for index in outputs)]

    return f"TensorFlow Lite Micro {version('tflite-micro')}", shape, run


def qonnx(request):
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    model = ModelWrapper(request["file"]).transform(InferShapes())
    image, outputs = model.graph.input[0].name, [output.name for output in model.graph.output]
    (scale, zero), *others = request["parameters"]
    _, channels, height, width = model.get_tensor_shape(image)
    names = [*request["names"], *outputs]

    def run(pixels):
        real = (pixels.astype(np.float32) - zero) * np.float32(scale)
        values = execute_onnx(model, {image: real.transpose(0, 3, 1, 2)}, True)
        tensors = []
        for index, (name, (step, zero_point)) in enumerate(zip(names, others, strict=True)):
            value = values[name] / np.float32(step) + zero_point
            # [1, C, H, W] of a layer to our order of axes
            value = value.transpose(0, 2, 3, 1) if index < len(request["names"]) else value
            tensors.append(np.rint(value).astype(np.uint8))
        return tensors

    return f"QONNX {version('qonnx')}", (1, height, width, channels), run


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(source.readline())
    runtime, shape, run = RUNTIMES[request["kind"]](request)
    size = int(np.prod(shape))
    sizes = [tensor.nbytes for tensor in run(np.zeros(shape, np.uint8))]
    answer = {"runtime": runtime, "imageBytes": size, "bytes": sizes}
    sink.write(f"{json.dumps(answer)}\n".encode())
    sink.flush()
    while len(pixels := source.read(size)) == size:
        for tensor in run(np.frombuffer(pixels, np.uint8).reshape(shape)):
            sink.write(np.ascontiguousarray(unsigned(tensor)).data)
        sink.flush()


RUNTIMES = {
    "litert": litert,
    "onnxruntime": onnxruntime,
    "tflite-micro": tflite_micro,
    "qonnx": qonnx,
}

main()
