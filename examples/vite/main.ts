import * as ort from 'onnxruntime-web/webgpu'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'

const pipe = await VQDiffusionPipeline.fromPretrained(files, { ort })
const { images } = await pipe('red heart', { seed: 42, style: '3d' })
document.querySelector('canvas')!.getContext('2d')!.putImageData(images[0]!, 0, 0)
