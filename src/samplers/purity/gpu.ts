import { requireGenerator, requireMethod, requireOptions, requireSameEnd, requireSample } from '../../checks'
import type { GpuContext } from '../../gpu/context'
import type { Buffers, KernelVariant } from '../../gpu/kernels'
import {
  isClassMajor,
  type LogitsSource,
  type LogitsTensor,
  logitsBuffers,
  logitsFeatures,
  logitsParameters,
  logitsSource,
  readsVectors,
} from '../../gpu/logits'
import { ParameterBuffer } from '../../gpu/parameters'
import { type DrawCall, type ReverseStep, stepParameters } from '../../gpu/step'
import { requireOutput } from '../../gpu/step_tensors'
import { asGpuTensor, GpuTensor } from '../../gpu/tensor'
import { columnWorkgroups, overrideConstants } from '../../gpu/workgroups'
import type { LayoutOption, PurityOptions, PurityRule, VQDiffusionSchedulerOutput } from '../../options'
import { type ItemStream, RandomGenerator } from '../../random'
import { priorNames, purityNames, purityQuota, type RevealRule, requirePurityOptions } from './purity'
import revealShader from './reveal.wgsl'
import selectShader from './select.wgsl'
import sharpenShader from './sharpen.wgsl'
import topProbabilityShader from './top_probability.wgsl'

export interface GpuPurityOptions extends PurityOptions<LogitsTensor, GpuTensor> {
  /** Where invalid input is counted, u32 [2]; by default the scheduler's own counters. */
  readonly faults?: GpuTensor
}

/** One checked choice of tokens. */
interface SelectionCall extends RevealRule {
  readonly logits: LogitsSource
  readonly sample: GpuTensor
  readonly prevSample: GpuTensor
  readonly faults: GpuTensor
  readonly numPixels: number
  readonly counter: number
  readonly items: readonly { readonly stream: ItemStream; readonly revealed_after: number }[]
}

/** Launch shape of the choice, one workgroup for each item. */
const selectionShape = { workgroupSize: 64, lanes: 64 }

/** Purity-prior sampling: top probabilities, choice of the tokens to reveal, draw of the chosen ones. */
export class PuritySampler {
  readonly #parameters: ParameterBuffer
  readonly #revealParameters: ParameterBuffer
  #topProbability: GpuTensor
  #selectionWeight: GpuTensor
  /** Of the chosen tokens' predictions; 0 for the other tokens. */
  #exponents: GpuTensor

  /**
   * Creates the parameter buffers; `context.destroy()` frees them.
   *
   * @param reverseStep draws the last step of a chain
   */
  constructor(
    private readonly context: GpuContext,
    private readonly reverseStep: ReverseStep,
  ) {
    requireMethod('context', context, 'assertUsable', 'a GpuContext')
    requireMethod('reverseStep', reverseStep, 'drawItems', 'a ReverseStep')
    const { device } = context
    this.#parameters = context.own(new ParameterBuffer(device, 'vqd/purity/parameters', selectShader))
    this.#revealParameters = context.own(new ParameterBuffer(device, 'vqd/reveal/parameters', revealShader, 'step'))
    ;[this.#topProbability, this.#selectionWeight, this.#exponents] = this.#allocate(1)
    context.own({ destroy: () => this.#free() })
  }

  /**
   * One step of purity-prior sampling (Tang et al. 2022; docs/MATH.md#purity): reveals as many masked tokens as the schedule
   * expects to be unmasked at u, chosen without replacement by their purity, and revises none. A step to clean data (u = −1)
   * is a plain reverse step. Throws as `ReverseStep.step` does.
   *
   * @param modelOutput logits, f32 or f16, [B, K, N] or [B, N, K] by `layout`
   * @param timestep t, one number or one per item
   * @param sample x_t, u32 or i32 [B, N]
   */
  step(
    modelOutput: LogitsTensor,
    timestep: number | readonly number[],
    sample: GpuTensor,
    options: GpuPurityOptions,
  ): VQDiffusionSchedulerOutput<GpuTensor> {
    const { context } = this
    const { device, process } = context
    context.assertUsable()
    options = requireOptions('purityStep', options, purityNames)
    const { generator, previousTimestep } = options
    requireGenerator('purityStep', generator)
    const rule = requirePurityOptions(options)
    const x = asGpuTensor(device, 'sample', sample)
    const { batchSize, numPixels } = requireSample('sample', x)
    process.requirePixels('sample', numPixels)
    this.#parameters.requireItems(batchSize)
    this.#revealParameters.requireItems(batchSize * process.schedules.length)
    const steps = process.resolveSteps(timestep, previousTimestep, batchSize)
    if (requireSameEnd(steps)) {
      const { priorWeight, byPurity, tokensPerCall, ...plain } = options
      return this.reverseStep.step(modelOutput, timestep, sample, plain)
    }
    const logits = logitsSource(device, modelOutput, options, [batchSize, process.numCodes, numPixels])
    const streams = generator.streams(batchSize)
    const inputs = [x, logits.conditional, logits.unconditional]
    const faults = context.faultsOf(options.faults, inputs)
    const used = [...inputs, faults]
    const out = options.out === undefined ? undefined : requireOutput(device, 'out', options.out, used, x)
    const prevSample = out ?? context.emptyTokens(x.shape)
    const counter = generator.nextCounter()
    if (x.size === 0) return { prevSample }
    const call = { logits, sample: x, prevSample, faults, numPixels, counter }
    const items = steps.map(({ u }, item) => ({
      stream: streams[item]!,
      revealed_after: purityQuota(process.schedule, u, numPixels),
    }))
    const draw = { ...call, items: this.reverseStep.drawItems(steps, streams) }
    this.#reserve(x.size)
    context.submit('vqd/purity', (encoder) => {
      const pass = encoder.beginComputePass({ label: 'vqd/purity' })
      this.#dispatchSelection(pass, { ...call, ...rule, items }, this.#selectionWeight)
      this.#dispatchReveal(pass, draw)
      pass.end()
    })
    return { prevSample }
  }

  /**
   * The purity prior of log p(x₀) as dense tensors (docs/MATH.md#purity): the sharpened prediction, f32 [B, C, N] or [B, N,
   * C], and the weight of each token in the choice, f32 [B, N].
   */
  prior(
    logPX0: LogitsTensor,
    xT: GpuTensor,
    options: LayoutOption & Partial<PurityRule> = {},
  ): {
    /** The sharpened prediction. */
    logProb: GpuTensor<'f32'>
    /** The purity of masked tokens, 0 for the others. */
    selectionWeight: GpuTensor<'f32'>
  } {
    const { context } = this
    const { device, process } = context
    context.assertUsable()
    process.requireAllClasses('purityPrior')
    const { layout = 'class-major', ...given } = requireOptions('purityPrior', options, priorNames)
    const rule = requirePurityOptions({ layout, ...given })
    const x = asGpuTensor(device, 'xT', xT)
    const { batchSize, numPixels } = requireSample('xT', x)
    const logits = logitsSource(device, logPX0, { layout }, [batchSize, process.numCodes, numPixels])
    const logProb = context.emptyRows(layout, batchSize, process.numCodes + 1, numPixels, 'vqd/log_prob')
    const selectionWeight = GpuTensor.empty(device, x.shape, 'f32', 'vqd/selection_weight')
    if (x.size === 0) return { logProb, selectionWeight }
    const unchanged = context.emptyTokens(x.shape)
    // Nothing is revealed, so the streams have no effect.
    const items = new RandomGenerator(0).streams(batchSize).map((stream) => ({ stream, revealed_after: 0 }))
    const call = {
      ...rule,
      logits,
      sample: x,
      prevSample: unchanged,
      faults: context.faults,
      numPixels,
      counter: 0,
      items,
    }
    this.#reserve(x.size)
    context.submit('vqd/purity', (encoder) => {
      const pass = encoder.beginComputePass({ label: 'vqd/purity' })
      const parameters = this.#dispatchSelection(pass, call, selectionWeight)
      const buffers = { parameters, top_probability: this.#topProbability.buffer, log_prob: logProb.buffer }
      this.#dispatchColumns(pass, sharpenShader, call, buffers)
      pass.end()
    })
    unchanged.destroy()
    return { logProb, selectionWeight }
  }

  /** Records the choice; returns the uploaded parameters. */
  #dispatchSelection(pass: GPUComputePassEncoder, call: SelectionCall, selectionWeight: GpuTensor): GPUBuffer {
    const { kernels, process } = this.context
    const { logits, sample, prevSample, faults, numPixels, counter, items } = call
    const parameters = this.#parameters.upload({
      ...logitsParameters(logits),
      num_tokens: sample.size,
      num_pixels: numPixels,
      class_major: isClassMajor(logits.layout),
      sample_offset: sample.offset,
      prev_sample_offset: prevSample.offset,
      counter,
      prior_weight: call.priorWeight,
      by_purity: call.byPurity ? 1 : 0,
      tokens_per_call: call.tokensPerCall,
      items,
    })
    const topProbability = this.#topProbability.buffer
    this.#dispatchColumns(pass, topProbabilityShader, call, {
      parameters,
      top_probability: topProbability,
      faults: faults.buffer,
    })
    const buffers = {
      parameters,
      x_t: sample.buffer,
      top_probability: topProbability,
      x_prev: prevSample.buffer,
      exponents: this.#exponents.buffer,
      selection_weight: selectionWeight.buffer,
    }
    const constants = { NUM_CODES: process.numCodes }
    const kernel = kernels.get({ shader: selectShader, constants, bindings: Object.keys(buffers) })
    kernels.dispatch(pass, kernel, buffers, columnWorkgroups(kernels.device, items.length, selectionShape))
    return parameters
  }

  /** Records the draw of the chosen tokens. */
  #dispatchReveal(pass: GPUComputePassEncoder, draw: DrawCall): void {
    const { kernels, launchShapes, process, classRanges } = this.context
    const { logits, sample, prevSample, faults } = draw
    const size = { layout: logits.layout, truncated: false, everyColumn: false, tokens: sample.size }
    const shape = launchShapes.step(process.numCodes, size)
    const buffers = {
      ...logitsBuffers(logits),
      step: this.#revealParameters.upload(stepParameters(draw, shape.tile, process)),
      x_t: sample.buffer,
      x_prev: prevSample.buffer,
      faults: faults.buffer,
      exponents: this.#exponents.buffer,
      ...(classRanges && { class_ranges: classRanges }),
    }
    const kernel = kernels.get({
      shader: revealShader,
      features: {
        ...logitsFeatures(logits),
        VECTORS: readsVectors(logits, process.numCodes),
        CLASS_RANGES: classRanges !== undefined,
      },
      constants: overrideConstants(process.numCodes, shape),
      bindings: Object.keys(buffers),
    })
    kernels.dispatch(pass, kernel, buffers, Math.ceil(sample.size / shape.tile))
  }

  /** Records a kernel that works on the columns of the logits. */
  #dispatchColumns(
    pass: GPUComputePassEncoder,
    shader: KernelVariant['shader'],
    { logits, sample }: SelectionCall,
    others: Buffers,
  ): void {
    const { kernels, launchShapes, process, classRanges } = this.context
    const shape = launchShapes.columns(process.numCodes, logits.layout)
    const buffers = { ...logitsBuffers(logits), ...others, ...(classRanges && { class_ranges: classRanges }) }
    const kernel = kernels.get({
      shader,
      features: { ...logitsFeatures(logits), CLASS_RANGES: classRanges !== undefined },
      constants: overrideConstants(process.numCodes, shape),
      bindings: Object.keys(buffers),
    })
    kernels.dispatch(pass, kernel, buffers, columnWorkgroups(kernels.device, sample.size, shape))
  }

  /** Makes room for this many tokens. */
  #reserve(tokens: number): void {
    if (this.#topProbability.size >= tokens) return
    this.#free()
    ;[this.#topProbability, this.#selectionWeight, this.#exponents] = this.#allocate(tokens)
  }

  #allocate(tokens: number): [topProbability: GpuTensor, selectionWeight: GpuTensor, exponents: GpuTensor] {
    const perToken = (name: string) => GpuTensor.empty(this.context.device, [tokens], 'f32', `vqd/purity/${name}`)
    return [perToken('top_probability'), perToken('selection_weight'), perToken('exponents')]
  }

  #free(): void {
    for (const tensor of [this.#topProbability, this.#selectionWeight, this.#exponents]) tensor.destroy()
  }
}
