"""Runs a float .tflite file in LiteRT for tensors of it (workflows/verify/float_oracle.ts).

As run_export.py, whose protocol it speaks: `names` are numbers of tensors, the first that of the
images, whose bytes are those of float32 numbers.
"""

import json
import signal
import sys
import warnings
from importlib.metadata import version

import numpy as np


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    request = json.loads(source.readline())
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
    shape = tuple(image["shape"])

    def run(pixels):
        for each in interpreter.get_input_details():
            given = pixels if each["index"] == wanted[0] else np.zeros(each["shape"], each["dtype"])
            interpreter.set_tensor(each["index"], given)
        interpreter.invoke()
        return [interpreter.get_tensor(tensor).astype(np.float32) for tensor in wanted]

    sizes = [tensor.nbytes for tensor in run(np.zeros(shape, np.float32))]
    runtime = f"LiteRT {version('ai-edge-litert')}"
    answer = {"runtime": runtime, "imageBytes": sizes[0], "bytes": sizes}
    sink.write(f"{json.dumps(answer)}\n".encode())
    sink.flush()
    while len(pixels := source.read(sizes[0])) == sizes[0]:
        for tensor in run(np.frombuffer(pixels, np.float32).reshape(shape)):
            sink.write(np.ascontiguousarray(tensor).data)
        sink.flush()


main()
