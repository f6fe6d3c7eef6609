/** Described in uniforms.d.mts. */
export function drawWithUniforms(scheduler, { noise, lastNoise }, upload) {
  const [steps, B, C, N] = noise.shape
  const tokens = []
  const step = scheduler.step.bind(scheduler)
  scheduler.step = (modelOutput, timestep, sample, { layout, guidance, truncationRate, previousTimestep, out }) => {
    const logPX0 = scheduler.logPX0(modelOutput, {
      ...(layout && { layout }),
      ...(guidance && { guidance }),
      ...(truncationRate !== undefined && { truncationRate }),
      outputLayout: 'class-major',
      minimum: -70,
    })
    const rows = previousTimestep === -1 ? C - 1 : C
    const [from, height] =
      tokens.length < steps ? [noise.data.subarray(tokens.length * B * C * N), C] : [lastNoise.data, C - 1]
    // The authors' code draws noise of C rows for the last step too.
    const uniforms = Array.from({ length: B }, (_, item) => [...from.subarray(item * height * N).subarray(0, rows * N)])
    const given = upload(Float32Array.from(uniforms.flat()), [B, rows, N])
    const drawn = step(logPX0, timestep, sample, { noise: given, previousTimestep, out })
    // A copy, since the chain draws the step after the next into the same tensor.
    tokens.push(Promise.resolve(out.read()).then((values) => Uint32Array.from(values)))
    for (const tensor of [logPX0, given]) tensor.destroy()
    return drawn
  }
  return tokens
}
