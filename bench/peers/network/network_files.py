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
        self.ranges = description["ranges"]  # [least, greatest] of each tensor, by its name
        self.values = np.fromfile(folder / "weights.f32", "<f4")
        self.calibration = np.fromfile(folder / "images.f32", "<f4")

    def weights(self, node):
        """kernel as the node's `kernelShape`, bias [M]"""
        start, shape = node["weightsOffset"], node["kernelShape"]
        end = start + int(np.prod(shape))
        channels = node["outputShape"][2]
        return self.values[start:end].reshape(shape), self.values[end : end + channels]

    def images(self):
        """[N, H, W, C], to calibrate with"""
        return self.calibration.reshape([-1, *self.input_shape])
