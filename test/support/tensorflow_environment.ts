/** Some tests load tfjs-node themselves: the library reads its environment once, in the first of them. */
import { setTensorFlowEnvironment } from '../../training/tensorflow_environment.ts';

setTensorFlowEnvironment();
