"""Reads what `writeNetwork` (network_files.ts) wrote."""

import json

import numpy as np


class Network:
    """A float network: batch norms folded, activations fused."""

    def __init__(self, folder):
        description = json.loads((folder / "network.json").read_text())
        self.input_name = description["inputName"]
        self.input_shape = description["inputShape"]  # [H, W, C]
        self.nodes = description["nodes"]
        for node in self.nodes:
            if node.get("dilations", [1, 1]) != [1, 1]:
                raise ValueError(f"{node['name']}: no peer has dilations")
        self.values = np.fromfile(folder / "weights.f32", "<f4")
        self.calibration = np.fromfile(folder / "images.f32", "<f4")

    def weights(self, node):
        """kernel as the node's `kernelShape`, bias [M]"""
        start, shape = node["weightsOffset"], node["kernelShape"]
        end = start + int(np.prod(shape))
        channels = node["outputShape"][-1]
        return self.values[start:end].reshape(shape), self.values[end : end + channels]

    def images(self):
        """[N, H, W, C], to calibrate with"""
        return self.calibration.reshape([-1, *self.input_shape])

    def shape_of(self, tensor):
        """[H, W, C] of a node's result or of the input"""
        if tensor == self.input_name:
            return self.input_shape
        [shape] = [node["outputShape"] for node in self.nodes if node["name"] == tensor]
        return shape


def activated(activation, x, by):
    """Applies an activation (architectures/graph/operations/activation_function.ts).

    by: how the parts become values: affine(x, scale, shift), apply(name, x), clip(x, bound),
        add(a, b), subtract(a, b), multiply(a, b)
    """
    if activation == "linear":
        return x
    if isinstance(activation, str):
        return by.apply(activation, x)
    if activation["kind"] == "composed":
        return evaluated(activation["expression"], x, by)
    if activation["slope"] != 0 or activation["threshold"] != 0 or activation["max"] is None:
        raise ValueError(f"no peer has the activation {activation}")
    return by.clip(x, activation["max"])


def evaluated(expression, x, by):
    kind = expression["kind"]
    if kind == "x":
        return x
    if kind == "affine":
        inner = evaluated(expression["of"], x, by)
        return by.affine(inner, expression["scale"], expression["shift"])
    if kind == "function":
        return activated(expression["activation"], evaluated(expression["of"], x, by), by)
    a, b = (evaluated(side, x, by) for side in expression["of"])
    return getattr(by, kind)(a, b)
