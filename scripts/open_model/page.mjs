import * as ort from 'onnxruntime-web/webgpu'
import { VQDiffusionPipeline } from '../../dist/lib/onnx.js'

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/** Prints what each run of a network takes. */
function watchRuns() {
  const create = ort.InferenceSession.create.bind(ort.InferenceSession)
  ort.InferenceSession.create = async (...given) => {
    const session = await create(...given)
    const run = session.run.bind(session)
    session.run = async (feeds, ...rest) => {
      const begun = performance.now()
      const outputs = await run(feeds, ...rest)
      const shapes = Object.entries(outputs).map(([name, { dims }]) => `${name} [${dims}]`)
      console.log(`${shapes}: ${seconds(begun)}`)
      return outputs
    }
    return session
  }
}

window.outcome = (async () => {
  watchRuns()
  const begun = performance.now()
  const pipe = await VQDiffusionPipeline.fromPretrained('/model', { ort, engine: 'cpu', network: 'wasm' })
  console.log(`opened: ${seconds(begun)}`)
  const drawn = performance.now()
  const { images, tokens } = await pipe('a cat', {
    numInferenceSteps: 1,
    guidanceScale: 5,
    truncationRate: 0.86,
    seed: 1,
  })
  const [{ width, height, data }] = images
  console.log(`drawn: ${seconds(drawn)}, ${width} by ${height} pixels of ${new Set(tokens[0]).size} different tokens`)
  if (new Set(data).size < 8) throw new Error('The picture is empty.')
  pipe.destroy()
})()
