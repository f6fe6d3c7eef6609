import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { goldenFolder } from '../../test/convert/golden'
import { exitCodes, runCommand } from './command'

const source = join(goldenFolder('published'), 'pipeline')

let parent: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'command-'))
})
afterEach(() => rm(parent, { recursive: true }))

/** Runs the command with what it writes, which `onText` may react to. */
async function run(
  args: readonly string[],
  { interactive = false, onText = (_: AbortController, _text: string): unknown => undefined } = {},
) {
  const abort = new AbortController()
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCommand(args, {
    out: (text) => out.push(text),
    err: (text) => {
      err.push(text)
      onText(abort, text)
    },
    interactive,
    signal: abort.signal,
  })
  return { code, out: out.join(''), err: err.join('') }
}

describe('vq-diffusion-webgpu convert', () => {
  it('writes a model folder', async () => {
    const { code, out, err } = await run([
      'convert',
      source,
      join(parent, 'mine'),
      '--dtype',
      'q4',
      '--name',
      'A model',
    ])
    expect(code).toBe(exitCodes.done)
    expect(out).toBe(`${join(parent, 'mine')} is written.\n`)
    expect(err).toMatch(/diffusers' VQDiffusionPipeline.*\n\[#.* 100 % {2}.* of .*\/s, 0 s left\n/s)
    expect(await readdir(parent)).toEqual(['mine'])
    const files = await readdir(join(parent, 'mine'), { recursive: true })
    const manifest = JSON.parse(await readFile(join(parent, 'mine/manifest.json'), 'utf8'))
    expect(Object.keys(manifest.files)).toEqual(
      files
        .map((file) => file.replaceAll('\\', '/'))
        .filter((file) => /\.(json|onnx|bin)$/.test(file) && file !== 'manifest.json')
        .sort(),
    )
    const index = JSON.parse(await readFile(join(parent, 'mine/model_index.json'), 'utf8'))
    expect(index).toMatchObject({
      denoiser: ['onnx', 'denoiser/model.onnx'],
      vqvae: ['onnx', 'vqvae/decoder.onnx'],
      text_encoder: ['onnx', 'text_encoder/model.onnx'],
      tokenizer: ['clip', 'tokenizer/tokenizer.json'],
      text_length: 77,
      latent_height: 4,
      image_height: 8,
      image_range: [-1, 1],
      defaults: { num_inference_steps: 25, guidance_scale: 5, truncation_rate: 1 },
    })
    const card = await readFile(join(parent, 'mine/MODEL_CARD.md'), 'utf8')
    expect(card).toContain('# A model\n')
    expect(card).toContain("npx vq-diffusion-webgpu convert pipeline mine --dtype q4 --name 'A model'")
    expect(card).not.toContain(parent)
    expect(card).toMatch(
      /\| denoiser \| `denoiser\/model.onnx` \| q4 \|[^|]*\|\n\| decoder \|.* f32 .*\n\| text encoder \|.* q8 /,
    )
  })

  it('leaves nothing when it is interrupted', async () => {
    const { code, err } = await run(['convert', source, join(parent, 'mine')], {
      interactive: true,
      onText: (abort, text) => text.startsWith('\r') && abort.abort(),
    })
    expect(code).toBe(exitCodes.interrupted)
    expect(err.endsWith(' left\x1b[K\nInterrupted.\n')).toBe(true)
    expect(await readdir(parent)).toEqual([])
  })

  it('can be interrupted while it checks, when the folder is written', async () => {
    const { code, out, err } = await run(['convert', source, join(parent, 'mine'), '--check'], {
      onText: (abort, text) => text.startsWith('Checking') && abort.abort(),
    })
    expect(code).toBe(exitCodes.interrupted)
    expect(out).toBe(`${join(parent, 'mine')} is written.\n`)
    expect(err).toMatch(/Checking the text encoder …\nInterrupted\.\n$/)
  })

  it('leaves what is there', async () => {
    await writeFile(join(parent, 'mine'), 'precious')
    const { code, err } = await run(['convert', source, join(parent, 'mine')])
    expect(code).toBe(exitCodes.failed)
    expect(err).toMatch(/OUT needs to be a new folder; .*mine exists already\.\n$/)
    expect(await readFile(join(parent, 'mine'), 'utf8')).toBe('precious')
  })

  it('says in one sentence what a source is not', async () => {
    const { code, err } = await run(['convert', join(parent, 'nothing'), join(parent, 'mine')])
    expect(code).toBe(exitCodes.failed)
    expect(err).toMatch(/^\S*nothing cannot be opened: .*\n$/)
  })

  it.each([[[]], [['--help']], [['convert', '-h']]])('explains itself: %j', async (args) => {
    const { code, out, err } = await run(args)
    expect([code, err]).toEqual([exitCodes.done, ''])
    expect(out).toMatch(/^Usage: vq-diffusion-webgpu convert SOURCE OUT/)
  })

  it.each([
    [['export', 'a', 'b'], 'The command needs to be "convert"; given export.'],
    [['convert', 'a'], 'convert needs SOURCE and OUT; given a.'],
    [['convert', 'a', 'b', 'c'], 'convert needs SOURCE and OUT; given a b c.'],
    [['convert', 'a', 'b', '--dtype', 'q2'], '--dtype needs to be one of f32, f16, q8, q4; given q2.'],
    [['convert', 'a', 'b', '--attention', 'flash'], '--attention needs to be one of fused, plain; given flash.'],
    [
      ['convert', 'a', 'b', '--shard-size', 'big'],
      '--shard-size needs to be a size below 2 GiB, such as 512MB; given big.',
    ],
    [['convert', 'a', 'b', '--shard-size', '4GB'], 'below 2 GiB, such as 512MB; given 4GB.'],
    [['convert', 'a', 'b', '--quick'], "Unknown option '--quick'"],
    [['convert', 'a', 'b', '--dtype'], "Option '--dtype <value>' argument missing"],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await run(args)
    expect(code).toBe(exitCodes.wrongUse)
    expect(err).toContain(message)
    expect(err).toMatch(/vq-diffusion-webgpu --help shows what can be given\.\n$/)
  })
})
