"""Trains a MobileNetV1 in Keras, as a peer of our training step (bench/training.ts).

Reads one command a line from standard input and answers each with one line of JSON on standard
output, so that peers can take turns within one run; ends when the input does. Commands:

  versions  answers with those of TensorFlow and Keras
  build     the network, its first weights, the batches and the optimizer (`Build` in keras_peer.ts)
  losses    takes `steps` steps and answers with the loss of each, in nats, without regularization
  round     takes steps for `seconds` and answers with images and seconds; `way` is one of
              step  a `tf.function` of forward, gradients and update, called for each batch: what
                    our step is compared with
              fit   `model.fit` on the same batches: Keras's whole loop

Both ways compute the same: cross-entropy and accuracy are brought to Python at every step ("fit"
means them over the steps), L2 is in the loss, batch norms follow their statistics. The optimizer is
`keras.optimizers.legacy.RMSprop`, whose update is one fused op a weight (`ResourceApplyRMSProp`,
epsilon under the root), as fast as the newer one in `step`; its mean squares are set to 1, where
slim's start.
"""

import json
import os
import signal
import sys
import time
from importlib.metadata import version

import numpy as np
import tensorflow as tf
from tensorflow import keras


def build_model(layers, resolution, recipe):
    """Builds the network from the rows of `convLayers` (architectures/mobilenet_v1.ts)."""
    # Keras adds l2 * sum(w^2) to the loss, whose gradient is 2 * l2 * w; the recipe's is decay * w.
    decay = keras.regularizers.L2(recipe["weightDecay"] / 2)
    x = inputs = keras.Input((resolution, resolution, 3), name="input")
    for layer in layers:
        if layer["kind"] == "logits":
            x = keras.layers.GlobalAveragePooling2D(keepdims=True, name="AvgPool_1a")(x)
            x = keras.layers.Dropout(recipe["dropout"], name="Dropout_1b")(x)
        shared = {
            "name": layer["name"],
            "kernel_size": layer["kernel"],
            "strides": layer["stride"],
            "padding": "same",
            "use_bias": layer["bias"],
        }
        if layer["kind"] == "depthwise":
            x = keras.layers.DepthwiseConv2D(**shared)(x)
        else:
            filters = layer["outputShape"][2]
            x = keras.layers.Conv2D(filters, kernel_regularizer=decay, **shared)(x)
        if layer["batchNorm"]:
            x = keras.layers.BatchNormalization(
                name=layer["name"] + "/BatchNorm",
                epsilon=recipe["batchNormEpsilon"],
                momentum=recipe["batchNormDecay"],
            )(x)
        if layer["activation"] != "linear":
            bound = 6.0 if layer["activation"] == "relu6" else None
            x = keras.layers.ReLU(bound, name=layer["name"] + "/Relu")(x)
    return keras.Model(inputs, keras.layers.Flatten(name="SpatialSqueeze")(x))


def set_weights(model, path, tensors):
    """Sets every weight to the part of the file, float32 one after another, that has its name."""
    values = np.fromfile(path, "<f4")
    by_name = {weight.name.split(":")[0]: weight for weight in model.weights}
    names = {tensor["name"] for tensor in tensors}
    if names != set(by_name):
        raise ValueError(f"the networks differ in {sorted(names ^ set(by_name))}")
    offset = 0
    for tensor in tensors:
        size = int(np.prod(tensor["shape"]))
        by_name[tensor["name"]].assign(values[offset : offset + size].reshape(tensor["shape"]))
        offset += size
    if offset != len(values):
        raise ValueError(f"expected {offset} weights in {path} but it holds {len(values)}")


class Training:
    def __init__(self, build):
        recipe, batches = build["recipe"], build["batches"]
        self.model = build_model(build["layers"], build["resolution"], recipe)
        set_weights(self.model, **build["weights"])
        shape = (batches["count"], *batches["shape"])
        images = tf.constant(np.fromfile(batches["images"], "<f4").reshape(shape))
        labels = tf.constant(np.fromfile(batches["labels"], "<i4").reshape(shape[:2]))
        self.batches = list(zip(tf.unstack(images), tf.unstack(labels)))
        self.data = tf.data.Dataset.from_tensor_slices((images, labels)).repeat().prefetch(2)
        self.batch_size = shape[1]
        self.loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.optimizer = self.new_optimizer(recipe)
        self.step = self.compile_step()
        self.model.compile(self.new_optimizer(recipe), self.loss, metrics=["accuracy"])
        self.steps_done = 0

    def new_optimizer(self, recipe):
        optimizer = keras.optimizers.legacy.RMSprop(
            recipe["learningRate"],
            rho=recipe["optimizer"]["decay"],
            momentum=recipe["optimizer"]["momentum"],
            epsilon=recipe["optimizer"]["epsilon"],
        )
        optimizer._create_all_weights(self.model.trainable_variables)
        for variable in self.model.trainable_variables:
            mean_square = optimizer.get_slot(variable, "rms")
            mean_square.assign(tf.ones_like(mean_square))
        return optimizer

    def compile_step(self):
        model, loss_of, optimizer = self.model, self.loss, self.optimizer
        variables = model.trainable_variables

        @tf.function
        def step(images, labels):
            with tf.GradientTape() as tape:
                logits = model(images, training=True)
                loss = loss_of(labels, logits)
                regularized = loss + tf.add_n(model.losses)
            gradients = tape.gradient(regularized, variables)
            optimizer.apply_gradients(zip(gradients, variables))
            right = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
            return loss, tf.reduce_sum(tf.cast(right, tf.int32))

        return step

    def take_step(self):
        images, labels = self.batches[self.steps_done % len(self.batches)]
        self.steps_done += 1
        loss, correct = self.step(images, labels)
        return float(loss), int(correct)

    def losses(self, steps):
        return {"losses": [self.take_step()[0] for _ in range(steps)]}

    def round(self, way, seconds):
        return self.round_of_steps(seconds) if way == "step" else self.round_of_fit(seconds)

    def round_of_steps(self, seconds):
        start = time.perf_counter()
        steps = 0
        while steps == 0 or time.perf_counter() - start < seconds:
            self.take_step()
            steps += 1
        return {"images": steps * self.batch_size, "seconds": time.perf_counter() - start}

    def round_of_fit(self, seconds):
        clock = StopAfter(seconds)
        # More steps than any round has time for: the callback ends it.
        self.model.fit(self.data, steps_per_epoch=10**9, verbose=0, callbacks=[clock])
        return {"images": clock.steps * self.batch_size, "seconds": clock.seconds}


class StopAfter(keras.callbacks.Callback):
    """Ends a `fit` after some time, which counts from its first step's end: setting up is not timed."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit
        self.start = None
        self.steps = 0
        self.seconds = 0.0

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self.start is None:
            self.start = now
            return
        self.steps += 1
        self.seconds = now - self.start
        self.model.stop_training = self.seconds >= self.limit


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the bench ends us
    # Only answers go to standard output, whatever else a library prints there.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    training = None
    for line in sys.stdin:
        request = json.loads(line)
        command, arguments = request["command"], request["arguments"]
        if command == "versions":
            answer = {"tensorflow": tf.__version__, "keras": version("keras")}
        elif command == "build":
            training = None  # lets go of the memory first
            keras.backend.clear_session()
            training = Training(arguments)
            answer = {}
        elif command == "losses":
            answer = training.losses(**arguments)
        else:
            answer = training.round(**arguments)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
