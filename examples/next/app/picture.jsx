'use client'

import { useEffect, useRef } from 'react'
import { files } from 'vq-diffusion-emoji'
import { VQDiffusionPipeline } from 'vq-diffusion-webgpu/onnx'

export function Picture({ prompt, style, seed }) {
  const canvas = useRef(null)
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    async function draw() {
      // Imported here: it cannot be loaded on the server, which renders this component too.
      const ort = await import('onnxruntime-web/webgpu')
      const pipe = await VQDiffusionPipeline.fromPretrained(files, { ort, signal })
      try {
        const { images } = await pipe(prompt, { style, seed, signal })
        canvas.current.getContext('2d').putImageData(images[0], 0, 0)
      } finally {
        pipe.destroy()
      }
    }
    draw().catch((error) => signal.aborted || console.error(error))
    return () => controller.abort()
  }, [prompt, style, seed])
  return <canvas ref={canvas} width={128} height={128} />
}
