import { type Peer, PeerUnableError, type PreparedPeer, type Problem } from '../peer'
import { OnnxOnWasm } from './onnx_wasm'
import { OnnxOnWebgpu } from './onnx_webgpu'
import { refuseLarge, refuseSlow, timed } from './refuse'

/** onnxruntime-web with the step as an ONNX graph on its WebGPU provider. */
export const onnxWebgpu: Peer = {
  name: 'onnxruntime-web, WebGPU',
  runsOn: 'WebGPU',
  prepare: async (problem) => {
    if (problem.dtype === 'f16' && !problem.device.features.has('shader-f16'))
      throw new PeerUnableError(
        'it reads half-precision logits only where there is shader-f16, which this device lacks',
      )
    refuseLarge(problem)
    return prepared(problem, OnnxOnWebgpu)
  },
}

/** onnxruntime-web with the step as an ONNX graph on WebAssembly. */
export const onnxWasm: Peer = {
  name: 'onnxruntime-web, WebAssembly',
  runsOn: 'WebAssembly',
  prepare: (problem) => prepared(problem, OnnxOnWasm),
}

interface OnnxPeer extends PreparedPeer {
  release(): Promise<void>
}

/** Sessions are to be made one after another, and not while one is being released. */
let lastRelease: Promise<void> = Promise.resolve()

async function prepared(
  problem: Problem,
  kind: { create(problem: Problem): Promise<OnnxPeer> },
): Promise<PreparedPeer> {
  await lastRelease
  // Its own complaints, of memory or of a kernel that is missing, are reasons too.
  const peer = await kind.create(problem).catch(unable)
  const destroy = () => {
    peer.destroy()
    lastRelease = peer.release()
  }
  try {
    const once = async () => {
      await peer.step()
      await peer.finished()
    }
    // The first run compiles.
    await once().catch(unable)
    refuseSlow(await timed(once))
  } catch (error) {
    destroy()
    throw error
  }
  return { step: () => peer.step(), finished: () => peer.finished(), tokens: () => peer.tokens(), destroy }
}

function unable(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause)
  throw new PeerUnableError(`onnxruntime-web: ${message}`, { cause })
}
