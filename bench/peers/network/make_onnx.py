"""Writes a network as ONNX models: float, u8s8 (uint8 activations, int8 weights per channel), u8u8
(both uint8, one range a tensor).

    python make_onnx.py SOURCE TARGET

SOURCE is a folder that `writeNetwork` (network_files.ts) wrote; float.onnx, u8s8.onnx and u8u8.onnx
appear in the folder TARGET. The inputs are [N, C, H, W]; those of the quantized models, and their
logits, are bytes: to quantize the images is no part of anybody's time.
"""

import logging
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

sys.path.insert(0, str(Path(__file__).parent))  # -I leaves it out
from network_files import Network  # noqa: E402

OPSET = 17
# The newest that the oldest of the runtimes reads.
IR_VERSION = 10
INPUT, OUTPUT = "input", "logits"


def build(network):
    """The network in float."""
    nodes, initializers = [], []

    def constant(name, values):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    tensor = INPUT
    for node in network.nodes:
        name = node["name"]
        if node["op"] == "globalAveragePool":
            nodes.append(helper.make_node("GlobalAveragePool", [tensor], [name], name))
            tensor = name
            continue
        kernel, bias = network.weights(node)
        is_depthwise = node["op"] == "depthwiseConv2d"
        # depthwise [kh, kw, C, 1] -> [C, 1, kh, kw]; else [kh, kw, C, M] -> [M, C, kh, kw]
        kernel = kernel.transpose([2, 3, 0, 1] if is_depthwise else [3, 2, 0, 1])
        padding = node["padding"]
        nodes.append(
            helper.make_node(
                "Conv",
                [tensor, constant(f"{name}/weights", kernel), constant(f"{name}/bias", bias)],
                [name],
                name,
                strides=node["strides"],
                pads=[padding[side] for side in ("top", "left", "bottom", "right")],
                group=kernel.shape[0] if is_depthwise else 1,
            )
        )
        tensor = name
        if node["activation"] == "relu6":
            bounds = [constant(f"{name}/{bound}", np.float32(bound)) for bound in (0, 6)]
            nodes.append(helper.make_node("Clip", [tensor, *bounds], [f"{name}/Relu6"]))
            tensor = f"{name}/Relu6"
    nodes.append(helper.make_node("Flatten", [tensor], [OUTPUT]))
    height, width, channels = network.input_shape
    images = helper.make_tensor_value_info(
        INPUT, TensorProto.FLOAT, ["N", channels, height, width]
    )
    classes = network.nodes[-1]["outputShape"][2]
    logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", classes])
    graph = helper.make_graph(nodes, "network", [images], [logits], initializers)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    onnx.checker.check_model(model, full_check=True)
    return model


class Images(CalibrationDataReader):
    """One after another."""

    def __init__(self, network):
        self.rest = iter(network.images())

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {INPUT: image.transpose([2, 0, 1])[None]}


def quantize(network, folder, name, **options):
    """Operators on bytes rather than pairs of QuantizeLinear and DequantizeLinear around those on
    floats: ONNX Runtime for the web and for Node turns only some of the pairs into the former."""
    target = folder / f"{name}.onnx"
    quantize_static(
        folder / "float.onnx",
        target,
        Images(network),
        quant_format=QuantFormat.QOperator,
        activation_type=QuantType.QUInt8,
        **options,
    )
    model = onnx.load(target)
    take_bytes(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def take_bytes(graph):
    """Leaves out the first QuantizeLinear and the last DequantizeLinear."""
    [first] = [node for node in graph.node if node.input[0] == INPUT]
    [last] = [node for node in graph.node if node.output[0] == OUTPUT]
    if [first.op_type, last.op_type] != ["QuantizeLinear", "DequantizeLinear"]:
        raise ValueError(f"the network begins with {first.op_type} and ends with {last.op_type}")
    for value, name in ((graph.input[0], first.output[0]), (graph.output[0], last.input[0])):
        value.name = name
        value.type.tensor_type.elem_type = TensorProto.UINT8
    graph.node.remove(first)
    graph.node.remove(last)


def main():
    logging.disable(logging.WARNING)  # advice to fold batch norms, of which there are none
    source, target = map(Path, sys.argv[1:])
    network = Network(source)
    onnx.save(build(network), target / "float.onnx")
    quantize(network, target, "u8s8", weight_type=QuantType.QInt8, per_channel=True)
    quantize(network, target, "u8u8", weight_type=QuantType.QUInt8)


if __name__ == "__main__":
    main()
