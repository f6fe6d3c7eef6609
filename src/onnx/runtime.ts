import type * as Ort from 'onnxruntime-web'
import { requireGpuDevice, requireNames, requireObject, requireOneOf } from '../checks'
import { OptionError } from '../errors'
import { valueText } from '../value_text'

/** The part of the onnxruntime-web module that this package uses. */
export type OnnxRuntime = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>

/** The execution provider: a GPUDevice, preferably the scheduler's, or WebAssembly. */
export type OnnxProvider =
  | {
      /** The WebGPU provider. */
      readonly provider: 'webgpu'
      /** The device that it computes on. */
      readonly device: GPUDevice
    }
  | {
      /** The WebAssembly provider. */
      readonly provider: 'wasm'
    }

/** Throws OptionError unless the value is the module onnxruntime-web. */
export function requireRuntime(ort: OnnxRuntime): void {
  if (typeof ort?.InferenceSession?.create !== 'function' || !ort.env)
    throw new OptionError(
      `ort needs to be the module onnxruntime-web; given ${valueText(ort)}. ` +
        "Import it: import * as ort from 'onnxruntime-web/webgpu'.",
    )
}

/**
 * Whether onnxruntime-web computes in a worker of its own. It transfers the arrays of inputs and models to it, and if one
 * cannot be transferred, its answers to all later runs go astray (1.30). It has no such worker outside of a page.
 */
export function usesProxy({ env }: OnnxRuntime): boolean {
  return Boolean(env.wasm?.proxy) && typeof document !== 'undefined'
}

/**
 * Throws OptionError unless the provider is known, has what it needs and can be combined with the proxy, or if there are
 * other options than those of a session.
 */
export function requireProvider(ort: OnnxRuntime, options: OnnxProvider): void {
  requireObject(
    'The last argument of createOnnxSession',
    options,
    "{ provider: 'webgpu', device } or { provider: 'wasm' }",
  )
  requireNames('createOnnxSession', options, { provider: true, device: true, externalData: true })
  requireOneOf('provider', options.provider, ['webgpu', 'wasm'])
  if (options.provider === 'wasm') return
  requireGpuDevice('device', options.device)
  if (usesProxy(ort))
    throw new OptionError(
      "provider 'webgpu' needs ort.env.wasm.proxy to be off, since the worker cannot reach the device; given true.",
    )
}

/**
 * Whether the WebGPU provider ignores the device. That of the default entry does so silently, and buffers of another
 * device would give wrong results. It is detected by the read-only adapter that it leaves in `env` (1.30).
 */
export function ignoresDevice(ort: OnnxRuntime, device: GPUDevice): boolean {
  const { webgpu } = ort.env
  const adapter = Object.getOwnPropertyDescriptor(webgpu, 'adapter')
  return adapter?.writable === false && (webgpu as { device: unknown }).device !== device
}

/** onnxruntime-web also throws strings, and numbers that are addresses. */
export function reasonOf(cause: unknown): string {
  return (cause as Error | undefined)?.message ?? String(cause)
}

export const webgpuEntry = " For 'webgpu' import it from 'onnxruntime-web/webgpu'."

/** What to do about a failure, as a sentence; empty if that is not known. */
export function cureOf(reason: string): string {
  if (reason.includes('backend not found')) return webgpuEntry
  return reason.includes('worker not ready') ? ' Set ort.env.wasm.proxy before the first session.' : ''
}
