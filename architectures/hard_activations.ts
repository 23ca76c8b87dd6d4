/**
 * MobileNetV3's functions as activations of TensorFlow.js' layers: registered when this file is imported,
 * so that a stored network finds them again. In its file the swish is "hard_swish", as in Keras 3.
 */
import * as tf from '@tensorflow/tfjs';

/** relu6(x + 3) / 6: Keras 3's `hard_sigmoid`; that of Keras 2 and TensorFlow.js is another function. */
class HardSigmoid6 extends tf.serialization.Serializable {
  static readonly className = 'hardSigmoid6';

  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

/** x · relu6(x + 3) / 6 */
class HardSwish extends tf.serialization.Serializable {
  static readonly className = 'hardSwish';

  apply(x: tf.Tensor): tf.Tensor {
    return tf.tidy(() => tf.mul(x, tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {};
  }
}

tf.serialization.registerClass(HardSigmoid6);
tf.serialization.registerClass(HardSwish);
