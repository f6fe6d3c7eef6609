/**
 * Writes the network of the example `transformersjs`: input_ids int32 [B, 1024] → logits float32 [B, 1024, 4], twice how
 * often each class is around the pixel. Run it with `node examples/test/make_network.mjs`.
 */
import { writeFileSync } from 'node:fs'
import { encodeModel, FLOAT, floats, INT32, integers, node, value } from '../../test/models/onnx_graph.mjs'

// The mask, the last row, belongs to no class.
const oneHot = Array.from({ length: 5 * 4 }, (_, i) => Number(Math.floor(i / 4) === i % 4))

const graph = {
  name: 'neighbours',
  input: [value('input_ids', INT32, [1024])],
  output: [value('logits', FLOAT, [1024, 4])],
  initializer: [
    floats('one_hot', [5, 4], oneHot),
    floats('weights', [4, 1, 3, 3], new Array(36).fill(2)),
    integers('picture', [-1, 4, 32, 32]),
    integers('sequence', [-1, 4, 1024]),
  ],
  node: [
    node('Gather', ['one_hot', 'input_ids'], 'tokens'),
    node('Transpose', ['tokens'], 'channels', { perm: [0, 2, 1] }),
    node('Reshape', ['channels', 'picture'], 'grid'),
    node('Conv', ['grid', 'weights'], 'counts', { group: 4, kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
    node('Reshape', ['counts', 'sequence'], 'rows'),
    node('Transpose', ['rows'], 'logits', { perm: [0, 2, 1] }),
  ],
}

writeFileSync(
  new URL('../transformersjs/public/models/neighbours/onnx/model.onnx', import.meta.url),
  encodeModel(graph),
)
