import type {
  ConcatCall,
  Conv2dCall,
  DepthwiseConv2dCall,
  FullyConnectedCall,
  GlobalAveragePoolCall,
  KernelCall,
  Pool2dCall,
} from './kernels.ts';

/** The kernels of a tier that has one way to run any call. */
export abstract class KernelMethods {
  protected abstract runCall(kernelCall: KernelCall): void;

  conv2d(call: Conv2dCall): void {
    this.runCall({ op: 'conv2d', call });
  }

  depthwiseConv2d(call: DepthwiseConv2dCall): void {
    this.runCall({ op: 'depthwiseConv2d', call });
  }

  fullyConnected(call: FullyConnectedCall): void {
    this.runCall({ op: 'fullyConnected', call });
  }

  averagePool2d(call: Pool2dCall): void {
    this.runCall({ op: 'averagePool2d', call });
  }

  maxPool2d(call: Pool2dCall): void {
    this.runCall({ op: 'maxPool2d', call });
  }

  globalAveragePool(call: GlobalAveragePoolCall): void {
    this.runCall({ op: 'globalAveragePool', call });
  }

  concat(call: ConcatCall): void {
    this.runCall({ op: 'concat', call });
  }
}
