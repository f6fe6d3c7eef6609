import { MIN_SUBGROUP_SIZE } from '../gpu/device'
import { submessages, textOf } from './protobuf'
import { OnnxRuntimeError } from './runtime_error'

/**
 * Throws OnnxRuntimeError for a model with the operator MultiHeadAttention on a device on which onnxruntime-web would compute it
 * wrongly, without an error of its own.
 *
 * Reads the protobuf fields ModelProto.graph (7), GraphProto.node (1) and NodeProto.op_type (4).
 */
export function requireRightAttention(model: Uint8Array, device: GPUDevice): void {
  const smallest = device.adapterInfo?.subgroupMinSize ?? MIN_SUBGROUP_SIZE
  if (smallest >= MIN_SUBGROUP_SIZE || !device.features.has('subgroups')) return
  for (const graph of submessages(model, 7))
    for (const node of submessages(graph, 1))
      if (textOf(node, 4) === 'MultiHeadAttention')
        throw new OnnxRuntimeError(
          `The model has the operator MultiHeadAttention, which onnxruntime-web computes wrongly on a device with the feature ` +
            `'subgroups' where these may be smaller than ${MIN_SUBGROUP_SIZE}; those of the device have ${smallest}. Make the device with ` +
            'requestDevice(), which leaves the feature out, or convert the model with --attention plain.',
        )
}
