import { GpuNetwork } from './gpu_network'
import type { Network, Signature } from './network'
import type { OnnxSession } from './session'
import { WasmNetwork } from './wasm_network'

/** A network on the session's provider. */
export function createNetwork(session: OnnxSession, signature: Signature): Network {
  return session.device ? new GpuNetwork(session, session.device, signature) : new WasmNetwork(session, signature)
}
