import { capabilities, requestDevice } from 'vq-diffusion-webgpu'
import { Clock } from './clock'
import { hostFigures } from './host'
import type { Options } from './options'
import { planOf } from './plan'
import type { Machine, Measured } from './results'
import { type Environment, measureCases } from './run'

/** Runs the benchmark where there is a `navigator.gpu`. */
export async function measure(
  { selection, patience }: Pick<Options, 'selection' | 'patience'>,
  runtime: string,
  environment: Environment,
): Promise<Measured> {
  const device = await requestDevice()
  const clock = await Clock.create(device)
  const { description, isFallbackAdapter } = await capabilities()
  const machine: Machine = {
    date: new Date().toISOString().slice(0, 10),
    ...{ runtime, adapter: description, software: isFallbackAdapter, timed_by: clock.timedBy },
  }
  environment.log(`${runtime}, ${description}, timed by ${clock.timedBy}`)
  const figures = await hostFigures(device)
  const results = await measureCases(device, clock, planOf(selection, isFallbackAdapter), patience, environment)
  const pictures = (await environment.pictures?.(device)) ?? {}
  device.destroy()
  return { machine, results, figures: { ...figures, ...pictures } }
}
