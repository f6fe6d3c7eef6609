/**
 * Speaks the worker's protocol to the page without a model: for tests of the page alone. Tokens are a hash of everything
 * that a drawing asks for, so the same request gives the same picture and another one gives another picture.
 *
 * Runs as the worker, in the browser. `globalThis.stub` is for the test.
 */
import { expose, transfer } from 'comlink'
import { sizeOf } from '../demo/model/model'
import { STICKERS } from '../demo/model/stickers'
import { fitPicture } from '../demo/worker/fit_picture'
import type {
  DrawingEvent,
  DrawingOptions,
  DrawingResult,
  EncodedPicture,
  EngineFacts,
  Expectation,
  OpenedModel,
  SamplerSettings,
  Tokens,
} from '../demo/worker/protocol'
import type { Studio } from '../demo/worker/studio'

/** What a test reads and changes, by `DemoPage`. */
export interface StubControls {
  /** What the page has asked for. */
  readonly drawings: DrawingOptions[]
  /** Drawings wait after this step, until it is undefined. */
  pauseAfter: number | undefined
}

const controls: StubControls = { drawings: [], pauseAfter: undefined }
Object.assign(globalThis, { stub: controls })

/** How often a paused drawing looks whether it may go on, in ms. */
const LOOK_EVERY = 20

const { grid, picture: whole } = STICKERS
const [SIDE, NUM_LATENT_PIXELS, MASK_CLASS] = [grid.width, sizeOf(grid), grid.numCodes]
const PICTURE_PIXELS = whole.width
const NUM_TRAIN_TIMESTEPS = 100
/** Tokens of the text of a picture. */
const TEXT_LENGTH = 16

const MODEL_HASH = '0123456789abcdef'.repeat(4)

class StudioStub implements Pick<Studio, keyof Studio> {
  #backend: EngineFacts['backend'] | undefined
  #stopped = new AbortController()

  async openDecoder(): Promise<string> {
    return MODEL_HASH
  }

  async open(...[{ choice }, , onProgress]: Parameters<Studio['open']>): Promise<OpenedModel> {
    onProgress({ loaded: 1, total: 1, parts: {} })
    this.#backend = {
      engine: choice.engine ?? 'webgpu',
      network: choice.network ?? 'wasm',
      adapter: 'stub',
      features: [],
      explanation: '',
    }
    return { backend: this.#backend, model: STICKERS }
  }

  remark(): string {
    return ''
  }

  async draw(drawing: DrawingOptions, onEvent: (event: DrawingEvent) => void | Promise<void>): Promise<DrawingResult> {
    controls.drawings.push(drawing)
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    const timesteps = timestepsOf(drawing, drawing.image?.strength)
    const pictures = drawing.seeds.map((_, item) =>
      timesteps.length > 0 ? drawn(drawing, item) : source(drawing, item),
    )
    if (drawing.atOnce) return this.#result(pictures, 1)
    for (let step = drawing.from ? drawing.from.step + 1 : 0; step <= timesteps.length; step++) {
      // The page answers when it has shown an event: it drops those that come after the end.
      const random = { seeds: drawing.seeds.map(String), counter: step }
      await onEvent({ kind: 'step', frame: frameOf(drawing, pictures, step, timesteps), random })
      if (drawing.livePreview && step > 0) await onEvent(transferred(step, await Promise.all(pictures.map(bitmapOf))))
      while (controls.pauseAfter === step && !signal.aborted) await sleep(LOOK_EVERY)
      signal.throwIfAborted()
    }
    return this.#result(pictures, timesteps.length)
  }

  async #result(tokens: Tokens[], steps: number): Promise<DrawingResult> {
    const bitmaps = await Promise.all(tokens.map(bitmapOf))
    const milliseconds = { network: steps, engine: steps, decode: 1, total: steps + 1 }
    return transfer({ tokens, bitmaps, milliseconds }, bitmaps)
  }

  stop(): void {
    this.#stopped.abort(new DOMException('The drawing was stopped.', 'AbortError'))
  }

  async decode(tokens: Tokens[]): Promise<ImageBitmap[]> {
    const bitmaps = await Promise.all(tokens.map(bitmapOf))
    return transfer(bitmaps, bitmaps)
  }

  async score(tokens: Tokens): Promise<number> {
    return sureness(tokens)
  }

  /** A token for each square of 8×8 pixels: how opaque it is. */
  async encode(...[file, size, keepsBackground]: Parameters<Studio['encode']>): Promise<EncodedPicture> {
    const { image, hasPlainBackground } = await fitPicture(file, size, keepsBackground, STICKERS)
    const { data, width } = image
    const square = width / SIDE
    const opacity = (cell: number) =>
      Array.from({ length: square ** 2 }, (_, i) => {
        const [row, column] = [
          Math.floor(cell / SIDE) * square + Math.floor(i / square),
          (cell % SIDE) * square + (i % square),
        ]
        return data[4 * (row * width + column) + 3]!
      })
    const tokens = Uint16Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => Math.max(...opacity(cell)))
    return { tokens, hasPlainBackground }
  }

  #stopGif = () => {}

  /** Comes half way, and waits to be stopped. */
  async exportGif(...[, , onProgress]: Parameters<Studio['exportGif']>): Promise<Blob> {
    onProgress(0.5)
    return new Promise((_, reject) => {
      this.#stopGif = () => reject(new DOMException('The GIF was stopped.', 'AbortError'))
    })
  }

  stopGif(): void {
    this.#stopGif()
  }

  expectation(settings: SamplerSettings, strength?: number): Expectation {
    const timesteps = timestepsOf(settings, strength)
    return {
      timesteps,
      masked: [...timesteps, -1].map((timestep) => (timestep + 1) / NUM_TRAIN_TIMESTEPS),
      changed: timesteps.map(() => 1 / timesteps.length),
    }
  }

  async facts(): Promise<EngineFacts> {
    return {
      backend: this.#backend!,
      threads: 1,
      gpuBytes: undefined,
      modelHash: MODEL_HASH,
    }
  }
}

/** Evenly spaced from the noisiest to 0; those that are noisier than a picture of this strength are left out. */
function timestepsOf({ steps }: SamplerSettings, strength = 1): number[] {
  const all = Array.from({ length: steps }, (_, i) => Math.ceil((NUM_TRAIN_TIMESTEPS * (steps - i)) / steps) - 1)
  return all.filter((timestep) => timestep < strength * NUM_TRAIN_TIMESTEPS)
}

/** The finished tokens of one picture. */
function drawn({ seeds, livePreview: _, known, image, ...request }: DrawingOptions, item: number): Tokens {
  const text = request.text!.slice(TEXT_LENGTH * item, TEXT_LENGTH * (item + 1))
  const asked = [
    ...text,
    ...(request.negativeText ?? []),
    request.steps,
    request.guidance,
    request.guidedFrom,
    request.guidedTo,
    request.truncation,
    request.priorWeight,
  ]
  const names = Array.from(`${request.method} ${request.spacing}`, (character) => character.charCodeAt(0))
  const start = image ? [...image.tokens[item]!, image.strength] : []
  const hash = [seeds[item]!, ...asked, ...names, ...start].reduce(mixed, 0)
  const tokens = Uint16Array.from({ length: NUM_LATENT_PIXELS }, (_, cell) => mixed(hash, cell) % MASK_CLASS)
  if (!known) return tokens
  const [keep, given] = [known.keep[item]!, known.tokens[item]!]
  return tokens.map((token, cell) => (keep[cell] ? given[cell]! : token))
}

function source({ image }: DrawingOptions, item: number): Tokens {
  return image!.tokens[item]!.slice()
}

/** Cells are decided one after another, in an order that follows from the picture. */
function frameOf(drawing: DrawingOptions, pictures: Tokens[], step: number, timesteps: number[]) {
  const decidedIn = (token: number, cell: number) => 1 + (mixed(token, cell) % Math.max(1, timesteps.length))
  const tokens = joined(
    pictures.map((picture) => picture.map((token, cell) => (decidedIn(token, cell) > step ? MASK_CLASS : token))),
  )
  const recorded = drawing.livePreview && step > 0
  return {
    step,
    timestep: timesteps[step] ?? -1,
    tokens: timesteps.length > 0 ? tokens : joined(pictures),
    ...(recorded && { predOriginalSample: joined(pictures) }),
    ...(recorded &&
      drawing.method === 'posterior' && {
        entropy: Float32Array.from(tokens, (token) => (token === MASK_CLASS ? 4 : 0.5)),
        columnsRead: tokens.filter((token) => token === MASK_CLASS).length,
      }),
    networkMilliseconds: step > 0 ? 1 : 0,
    engineMilliseconds: step > 0 ? 1 : 0,
  }
}

function joined(pictures: Tokens[]): Tokens {
  return Uint16Array.from(pictures.flatMap((picture) => [...picture]))
}

/** A square of one colour a token, some of them transparent. */
function bitmapOf(tokens: Tokens): Promise<ImageBitmap> {
  const pixels = new Uint32Array(PICTURE_PIXELS ** 2)
  const square = PICTURE_PIXELS / SIDE
  for (let pixel = 0; pixel < pixels.length; pixel++) {
    const [row, column] = [Math.floor(pixel / PICTURE_PIXELS), pixel % PICTURE_PIXELS]
    const token = tokens[SIDE * Math.floor(row / square) + Math.floor(column / square)]!
    pixels[pixel] = token % 4 === 0 ? 0 : 0xff000000 | (mixed(1, token) & 0xffffff)
  }
  return createImageBitmap(new ImageData(new Uint8ClampedArray(pixels.buffer), PICTURE_PIXELS, PICTURE_PIXELS))
}

function transferred(step: number, bitmaps: ImageBitmap[]): DrawingEvent {
  return transfer({ kind: 'preview', step, bitmaps }, bitmaps)
}

/** What the stub takes a picture for. */
export function sureness(tokens: Tokens): number {
  return tokens[0]!
}

/** A hash of two numbers, 31 bits. */
function mixed(hash: number, value: number): number {
  let x = Math.imul(hash ^ Math.round(1000 * value), 0x21f0aaad) + 0x9e3779b9
  x = Math.imul(x ^ (x >>> 16), 0x735a2d97)
  return (x ^ (x >>> 15)) >>> 1
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

expose(new StudioStub())
