"""Writes a network as LiteRT models: float, int8 (weights per channel), uint8 (asymmetric weights).

    python make_tflite.py SOURCE TARGET

SOURCE is a folder that `writeNetwork` (network_files.ts) wrote; float.tflite, int8.tflite and
uint8.tflite appear in the folder TARGET. uint8 comes from TensorFlow's old converter: the new one
has no asymmetric weights. Its ranges of activations are those of our TF8 model, as FakeQuant ops.
int8 calibrates on the images, as its users do.
"""

import os
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))  # -I leaves it out
from network_files import Network  # noqa: E402

nn = tf.nn
ACTIVATIONS = {"relu6": nn.relu6, "relu": nn.relu, "linear": lambda x: x}


def padding_of(node, shape):
    """ "SAME" or "VALID", which is all that LiteRT knows, where that is the node's padding."""
    if not any(node["padding"].values()):
        return "VALID"
    for size, kernel, stride, before, after in (
        (shape[0], node["kernelShape"][0], node["strides"][0], "top", "bottom"),
        (shape[1], node["kernelShape"][1], node["strides"][1], "left", "right"),
    ):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if [node["padding"][before], node["padding"][after]] != [total // 2, total - total // 2]:
            raise ValueError(f"{node['name']}: {node['padding']} is no padding that LiteRT has")
    return "SAME"


def build(network, fake_quant):
    """The network as TensorFlow ops in the default graph; its input and its logits [N, 1, 1, M]."""
    x = tf.compat.v1.placeholder(tf.float32, [None, *network.input_shape], "input")
    logits = quantized = x
    shape = network.input_shape
    for node in network.nodes:
        if node["op"] == "globalAveragePool":
            # XNNPACK takes no average pool in 8 bits, but a mean.
            logits = tf.reduce_mean(quantized, [1, 2], keepdims=True)
        else:
            kernel, bias = network.weights(node)
            arguments = {"padding": padding_of(node, shape), "strides": [1, *node["strides"], 1]}
            convolve = nn.depthwise_conv2d if node["op"] == "depthwiseConv2d" else nn.conv2d
            sums = convolve(quantized, kernel, **arguments)
            logits = ACTIVATIONS[node["activation"]](nn.bias_add(sums, bias))
        low, high = network.ranges[node["name"]]
        is_pool = node["op"] == "globalAveragePool"  # keeps its input's parameters
        quantized = (
            tf.quantization.fake_quant_with_min_max_args(logits, low, high)
            if fake_quant and not is_pool
            else logits
        )
        shape = node["outputShape"]
    return x, tf.identity(quantized, "logits")


def converter_of(network, fake_quant=False):
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        images, logits = build(network, fake_quant)
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


def make_uint8(network):
    converter = converter_of(network, fake_quant=True)
    converter.experimental_new_converter = False
    converter.inference_type = tf.uint8
    low, high = network.ranges[network.input_name]
    # real = (q - mean) / std
    std = 255 / (high - low)
    converter.quantized_input_stats = {"input": (-low * std, std)}
    return converter.convert()


def offer_toco(folder):
    """Puts the program that is the old converter on the PATH. The one that pip made names the
    interpreter by the place where it was installed, from which the environment was moved."""
    program = Path(folder, "toco_from_protos")
    module = "tensorflow.lite.toco.python.toco_from_protos"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -m {module} "$@"\n')
    program.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"


def main():
    tf.compat.v1.disable_eager_execution()
    source, target = map(Path, sys.argv[1:])
    network = Network(source)
    with TemporaryDirectory() as programs:
        offer_toco(programs)
        for name, make in (("float", make_float), ("int8", make_int8), ("uint8", make_uint8)):
            (target / f"{name}.tflite").write_bytes(make(network))


if __name__ == "__main__":
    main()
