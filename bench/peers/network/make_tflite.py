"""Writes a network as LiteRT models: float, and int8 (weights per channel).

    python make_tflite.py SOURCE TARGET

SOURCE is a folder that `writeNetwork` (network_files.ts) wrote; float.tflite and int8.tflite appear in
the folder TARGET. int8 calibrates on the images, as its users do.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))  # -I leaves it out
from network_files import Network, activated  # noqa: E402

nn = tf.nn


class Activations:
    """What activations are made of, as the converter knows them again."""

    named = {
        "relu": nn.relu,
        "relu6": nn.relu6,
        "sigmoid": tf.sigmoid,
        "tanh": tf.tanh,
        "swish": lambda x: x * tf.sigmoid(x),
        "elu": nn.elu,
    }

    def apply(self, name, x):
        return self.named[name](x)

    def clip(self, x, bound):
        return tf.minimum(nn.relu(x), bound)

    def affine(self, x, scale, shift):
        scaled = x if scale == 1 else x * scale
        return scaled if shift == 0 else scaled + shift

    add, subtract, multiply = map(staticmethod, (tf.add, tf.subtract, tf.multiply))


ACTIVATIONS = Activations()


def padded(node, x, shape, window):
    """The image and "SAME" or "VALID", which is all that LiteRT knows: other padding comes before."""
    padding = node["padding"]
    if not any(padding.values()):
        return x, "VALID"
    for size, kernel, stride, before, after in (
        (shape[0], window[0], node["strides"][0], "top", "bottom"),
        (shape[1], window[1], node["strides"][1], "left", "right"),
    ):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if [padding[before], padding[after]] != [total // 2, total - total // 2]:
            sides = [[0, 0], [padding["top"], padding["bottom"]]]
            sides += [[padding["left"], padding["right"]], [0, 0]]
            return tf.pad(x, sides), "VALID"
    return x, "SAME"


def result_of(node, inputs, network):
    op, shape = node["op"], network.shape_of(node["inputs"][0])
    x = inputs[0]
    if op in ("conv2d", "depthwiseConv2d"):
        kernel, bias = network.weights(node)
        x, padding = padded(node, x, shape, node["kernelShape"])
        convolve = nn.depthwise_conv2d if op == "depthwiseConv2d" else nn.conv2d
        sums = convolve(x, kernel, strides=[1, *node["strides"], 1], padding=padding)
        return activated(node["activation"], nn.bias_add(sums, bias), ACTIVATIONS)
    if op == "globalAveragePool":
        # XNNPACK takes no average pool in 8 bits, but a mean.
        return tf.reduce_mean(x, [1, 2], keepdims=True)
    if op in ("averagePool2d", "maxPool2d"):
        pool = nn.max_pool2d if op == "maxPool2d" else nn.avg_pool2d
        x, padding = padded(node, x, shape, node["windowShape"])
        return pool(x, node["windowShape"], node["strides"], padding)
    if op in ("add", "subtract", "multiply"):
        a, b = inputs
        return activated(node["activation"], getattr(ACTIVATIONS, op)(a, b), ACTIVATIONS)
    if op == "activation":
        return activated(node["activation"], x, ACTIVATIONS)
    if op == "concat":
        return tf.concat(inputs, node["axis"])
    raise ValueError(f"{node['name']}: no peer has the operation {op}")


def build(network):
    """The network as TensorFlow ops in the default graph; its input and its logits [N, 1, 1, M]."""
    images = tf.compat.v1.placeholder(tf.float32, [None, *network.input_shape], "input")
    tensors = {network.input_name: images}
    for node in network.nodes:
        inputs = [tensors[name] for name in node["inputs"]]
        tensors[node["name"]] = result_of(node, inputs, network)
    return images, tf.identity(tensors[network.nodes[-1]["name"]], "logits")


def converter_of(network):
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        images, logits = build(network)
        return tf.compat.v1.lite.TFLiteConverter.from_session(session, [images], [logits])


def make_float(network):
    return converter_of(network).convert()


def make_int8(network):
    converter = converter_of(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([image[None]] for image in network.images())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def main():
    tf.compat.v1.disable_eager_execution()
    source, target = map(Path, sys.argv[1:])
    network = Network(source)
    for name, make in (("float", make_float), ("int8", make_int8)):
        (target / f"{name}.tflite").write_bytes(make(network))


if __name__ == "__main__":
    main()
