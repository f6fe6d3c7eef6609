const worker = new Worker(new URL('worker.ts', import.meta.url), { type: 'module' })
const form = document.querySelector('form')!
const progress = document.querySelector('progress')!
const context = document.querySelector('canvas')!.getContext('2d')!

form.onsubmit = (event) => {
  event.preventDefault()
  draw()
}
draw()

function draw() {
  const prompt = new FormData(form).get('prompt')
  worker.postMessage({ prompt, style: '3d', seed: 42 })
}

worker.onmessage = ({ data: { step, total, images } }) => {
  progress.max = total
  progress.value = step
  if (images) context.putImageData(images[0], 0, 0)
}
