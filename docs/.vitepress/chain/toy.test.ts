import { expect, it } from 'vitest'
import { cpuRecorder, numCodes } from './record'
import { toyLogits } from './toy_network'
import { pictures } from './toy_pictures'

it('a chain of the toy network ends with one of its pictures', async () => {
  const recorder = await cpuRecorder()
  for (const method of ['posterior', 'purity'] as const)
    for (const seed of [1, 2, 3, 4, 5]) {
      const { frames } = await recorder.record({ seed, numInferenceSteps: 16, method })
      expect(frames).toHaveLength(17)
      expect(pictures.map((picture) => picture.join())).toContain(Array.from(frames.at(-1)!.tokens).join())
    }
})

it('the toy network gives every class of a masked picture its frequency among the pictures', () => {
  const tables = { logCumprodAt: [Math.log(0.1)], logCumprodBt: [Math.log(0.01)], logCumprodCt: [Math.log(0.8)] }
  const masks = new Array(256).fill(numCodes)
  const logits = toyLogits(masks, 0, pictures, numCodes, tables)
  for (const pixel of [0, 120]) {
    const total = logits.slice(pixel * numCodes, (pixel + 1) * numCodes).reduce((sum, l) => sum + Math.exp(l), 0)
    for (let k = 0; k < numCodes; k++) {
      const count = pictures.filter((picture) => picture[pixel] === k).length
      expect(Math.exp(logits[pixel * numCodes + k]!) / total).toBeCloseTo(count / pictures.length, 6)
    }
  }
})
