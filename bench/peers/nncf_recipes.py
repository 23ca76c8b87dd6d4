"""Quantizes a float ONNX network by NNCF after training, one scale a tensor, as a peer of our recipes (bench/nncf.ts).

  nncf_recipes.py NETWORK.onnx CALIBRATION.f32 MEASURED.f32 OUTPUTS.f32

Images are float32 as the network takes them, [N, H, W, C], one after the other; its outputs are written
alike, of each measured image. Prints one line of JSON: versions, and what quantizing took.

Bytes for activations and weights, NNCF's ranges, and its bias correction: each layer's mean error in its
bias, layer by layer with the quantized layers before it (`fast_bias_correction=False`). Nothing is in
integers: the graph rounds to the bytes' grid and computes in float, by ONNX Runtime without optimizations.
"""

import json
import os
import sys
import time
from importlib.metadata import version

os.environ["NNCF_TELEMETRY"] = os.environ["OPENVINO_TELEMETRY"] = "0"

import numpy as np
import onnx
import onnxruntime

import nncf
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, QuantizationParameters


def images_of(path, shape):
    """[N, 1, C, H, W] of a file of [N, H, W, C]."""
    _, channels, height, width = shape
    images = np.fromfile(path, np.float32).reshape(-1, 1, height, width, channels)
    return images.transpose(0, 1, 4, 2, 3)


def main(network, calibration, measured, outputs):
    model = onnx.load(network)
    image = model.graph.input[0]
    shape = [dim.dim_value for dim in image.type.tensor_type.shape.dim]
    samples = [{image.name: np.ascontiguousarray(one)} for one in images_of(calibration, shape)]
    one_scale = QuantizationParameters(per_channel=False)
    begun, cpu = time.perf_counter(), time.process_time()
    quantized = nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(samples),
        fast_bias_correction=False,
        advanced_parameters=AdvancedQuantizationParameters(
            overflow_fix=nncf.OverflowFix.DISABLE,
            weights_quantization_params=one_scale,
            activations_quantization_params=one_scale,
        ),
    )
    took = {
        "seconds": time.perf_counter() - begun,
        "processorSeconds": time.process_time() - cpu,
    }
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        quantized.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    with open(outputs, "wb") as file:
        for one in images_of(measured, shape):
            [made] = session.run(None, {image.name: np.ascontiguousarray(one)})
            file.write(made.astype(np.float32).tobytes())
    versions = {name: version(name) for name in ("nncf", "onnx", "onnxruntime")}
    print(json.dumps({"versions": versions, **took}))


main(*sys.argv[1:])
