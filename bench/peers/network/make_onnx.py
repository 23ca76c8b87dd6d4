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
from network_files import Network, activated  # noqa: E402

OPSET = 17
# The newest that the oldest of the runtimes reads.
IR_VERSION = 10
INPUT, OUTPUT = "input", "logits"


class Graph:
    """Nodes and constants as they are added."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, op, inputs, name, **attributes):
        """name: of the node and of its result"""
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name


class Activations:
    """What the activation of one node is made of."""

    named = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "elu": "Elu"}

    def __init__(self, graph, name):
        self.graph, self.name, self.count = graph, name, 0

    def fresh(self, op):
        self.count += 1
        return f"{self.name}/{op}_{self.count}"

    def operation(self, op, *inputs):
        return self.graph.add(op, list(inputs), self.fresh(op))

    def number(self, value):
        return self.graph.constant(self.fresh("value"), np.float32(value))

    def apply(self, name, x):
        if name == "relu6":
            return self.clip(x, 6)
        if name == "swish":
            return self.operation("Mul", x, self.operation("Sigmoid", x))
        return self.operation(self.named[name], x)

    def clip(self, x, bound):
        return self.operation("Clip", x, self.number(0), self.number(bound))

    def affine(self, x, scale, shift):
        if scale != 1:
            x = self.operation("Mul", x, self.number(scale))
        return x if shift == 0 else self.operation("Add", x, self.number(shift))

    def add(self, a, b):
        return self.operation("Add", a, b)

    def subtract(self, a, b):
        return self.operation("Sub", a, b)

    def multiply(self, a, b):
        return self.operation("Mul", a, b)


def pads_of(node):
    return [node["padding"][side] for side in ("top", "left", "bottom", "right")]


def result_of(node, inputs, network, graph):
    """The name of the tensor that the node makes."""
    op, name = node["op"], node["name"]
    activations = Activations(graph, name)
    if op in ("conv2d", "depthwiseConv2d"):
        kernel, bias = network.weights(node)
        is_depthwise = op == "depthwiseConv2d"
        # depthwise [kh, kw, C, 1] -> [C, 1, kh, kw]; else [kh, kw, C, M] -> [M, C, kh, kw]
        kernel = kernel.transpose([2, 3, 0, 1] if is_depthwise else [3, 2, 0, 1])
        weights = graph.constant(f"{name}/weights", kernel)
        sums = graph.add(
            "Conv",
            [*inputs, weights, graph.constant(f"{name}/bias", bias)],
            name,
            strides=node["strides"],
            pads=pads_of(node),
            group=kernel.shape[0] if is_depthwise else 1,
        )
        return activated(node["activation"], sums, activations)
    if op == "globalAveragePool":
        return graph.add("GlobalAveragePool", inputs, name)
    if op in ("averagePool2d", "maxPool2d"):
        window = {"kernel_shape": node["windowShape"], "strides": node["strides"]}
        kind = "MaxPool" if op == "maxPool2d" else "AveragePool"
        return graph.add(kind, inputs, name, pads=pads_of(node), **window)
    if op in ("add", "subtract", "multiply"):
        kind = {"add": "Add", "subtract": "Sub", "multiply": "Mul"}[op]
        return activated(node["activation"], graph.add(kind, inputs, name), activations)
    if op == "activation":
        return activated(node["activation"], inputs[0], activations)
    if op == "concat" and node["axis"] == -1:
        return graph.add("Concat", inputs, name, axis=1)
    raise ValueError(f"{name}: no peer has the operation {op}")


def build(network):
    """The network in float."""
    graph = Graph()
    tensors = {network.input_name: INPUT}
    for node in network.nodes:
        inputs = [tensors[name] for name in node["inputs"]]
        tensors[node["name"]] = result_of(node, inputs, network, graph)
    graph.add("Flatten", [tensors[network.nodes[-1]["name"]]], OUTPUT)
    height, width, channels = network.input_shape
    images = helper.make_tensor_value_info(
        INPUT, TensorProto.FLOAT, ["N", channels, height, width]
    )
    classes = network.nodes[-1]["outputShape"][-1]
    logits = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", classes])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "network", [images], [logits], graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
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
