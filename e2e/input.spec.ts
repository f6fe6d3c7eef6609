import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page } from '@playwright/test'
import { testOnKeptPage as test } from './fixtures'
import { blackPng } from './png'

// What comes into the page, and when: keys, pastes, drops, files, links.
test.use({ studio: 'stub' })
test.describe.configure({ mode: 'default' })

interface Item {
  name: string
  type: string
  bytes: Buffer
}

const png = (name: string, width = 30, height = 30): Item => ({
  name,
  type: 'image/png',
  bytes: blackPng(width, height),
})

/** Drops or pastes files and texts, and returns whether the browser is left to do what it does with them. */
async function bring(
  page: Page,
  event: 'drop' | 'paste',
  target: string,
  files: Item[],
  texts: Record<string, string> = {},
): Promise<boolean> {
  const contents = files.map(({ name, type, bytes }) => ({ name, type, content: bytes.toString('base64') }))
  return page.locator(target).evaluate(
    (target, { event, contents, texts }) => {
      const data = new DataTransfer()
      for (const { name, type, content } of contents) {
        const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
        data.items.add(new File([bytes], name, { type }))
      }
      for (const [type, text] of Object.entries(texts)) data.setData(type, text)
      const options = { bubbles: true, cancelable: true }
      if (event === 'paste')
        return target.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }))
      target.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: data }))
      return target.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: data }))
    },
    { event, contents, texts },
  )
}

const PROMPT = '[data-testid=prompt]'

test('completes names by keyboard and says which ones it ignores', async ({ demo, page }) => {
  const prompt = page.getByTestId('prompt')
  await demo.ask('?prompt=')
  const states = await demo.watchStates()
  await prompt.pressSequentially('florbish, "red" butterf')
  await expect(page.getByTestId('ignored')).toHaveText('ignored: florbish')
  await prompt.press('ArrowDown')
  await expect(page.getByRole('option', { name: 'butterfly' })).toHaveAttribute('aria-selected', 'true')
  await prompt.press('Enter')
  await expect(prompt).toHaveValue('florbish, "red" butterfly ')
  await prompt.pressSequentially('zq')
  await expect(page.getByTestId('ignored')).toHaveText('ignored: florbish, zq')
  await prompt.fill(`${'red '.repeat(15)}heart.`)
  await expect(page.getByTestId('ignored')).toHaveText('ignored: heart')
  expect(await states()).not.toContain('drawing')
})

test('leads from the prompt to the examples by Tab, whatever was typed', async ({ demo, page }) => {
  await demo.ask('?prompt=red+heart')
  const [prompt, chip] = [page.getByTestId('prompt'), page.locator('#examples button').first()]
  for (const text of ['', 'panda', 'butterf']) {
    await prompt.fill(text)
    await expect(page.locator('#completions [role=option]')).toHaveCount(text === 'butterf' ? 1 : 0)
    await page.keyboard.press('Tab')
    await expect(chip).toBeFocused()
    await expect(chip).toBeVisible()
  }
  await page.keyboard.press('Shift+Tab')
  await expect(prompt).toBeFocused()
})

test('leaves every key to an input method that composes', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2&auto=0')
  await expect(demo.status).toHaveText(/ready|done/)
  const prompt = page.getByTestId('prompt')
  const states = await demo.watchStates()
  const session = await page.context().newCDPSession(page)
  const compose = (text: string) =>
    session.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })

  await prompt.focus()
  await compose('butterf')
  const option = page.getByRole('option', { name: 'butterfly', exact: true })
  await expect(option).toBeVisible()
  for (const key of ['ArrowDown', 'Enter', 'Escape']) await page.keyboard.press(key)
  await expect(option).toHaveAttribute('aria-selected', 'false')
  await expect(prompt).toHaveValue('butterf')
  await session.send('Input.insertText', { text: 'butterf' })
  // Safari: the composition has ended when its Enter arrives.
  await prompt.press('ArrowDown')
  await prompt.evaluate((prompt) => {
    prompt.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))
  })
  await expect(prompt).toHaveValue('butterf')
  await page.getByTestId('steps').focus()
  await compose('2')
  await page.keyboard.press('Enter')
  await session.send('Input.insertText', { text: '2' })
  expect(await states()).not.toContain('drawing')

  await page.getByTestId('steps').fill('2')
  await prompt.focus()
  await prompt.press('ArrowDown')
  await prompt.press('Enter')
  await expect(prompt).toHaveValue('butterfly ')
  await demo.draw(() => prompt.press('Enter'))
  // Nor are its shortcuts those of the page.
  await page.getByTestId('undo').evaluate((undo) => {
    const options = { key: 'z', ctrlKey: true, isComposing: true, bubbles: true, cancelable: true }
    undo.dispatchEvent(new KeyboardEvent('keydown', options))
  })
  await expect(page.getByTestId('save')).toBeEnabled()
})

test('opens pictures of every shape, and says what others lack', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2')
  const said = page.getByTestId('progress')
  const worker = await demo.worker()
  await page.evaluate(watchBitmaps)
  await worker.evaluate(watchBitmaps)
  for (const [file, columns, rows] of [
    [png('tall.png', 1, 10_000), [7], 16],
    [png('wide.png', 100_000, 1), [...Array(16).keys()], 1],
    [png('dot.png', 1, 1), [...Array(16).keys()], 16],
    [{ ...png('untyped'), type: '' }, [...Array(16).keys()], 16],
    [{ ...png('named.txt', 10, 20), type: 'text/plain' }, [4, 5, 6, 7, 8, 9, 10, 11], 16],
  ] as const) {
    await bring(page, 'drop', 'body', [file])
    await expect(page.locator('#source-name')).toHaveText(`Starts from ${file.name}`)
    await expect(said).toContainText('What should it become?')
    const opaque = (await demo.tokens()).map((token, cell) => (token > 0 ? cell : -1)).filter((cell) => cell >= 0)
    expect([...new Set(opaque.map((cell) => cell % 16))]).toEqual(columns)
    expect(new Set(opaque.map((cell) => Math.floor(cell / 16))).size).toBe(rows)
  }
  for (const [file, sentence] of [
    [png('huge.png', 10_000, 8000), 'huge.png has 10000 × 8000 pixels; the limit is 64 million.'],
    [png('flat.png', 0, 9), 'This browser cannot read flat.png.'],
    [{ ...png('cut.png'), bytes: blackPng(300, 300).subarray(0, 40) }, 'This browser cannot read cut.png.'],
    [{ name: 'empty.png', type: 'image/png', bytes: Buffer.alloc(0) }, 'empty.png is empty.'],
    [{ name: 'notes', type: '', bytes: Buffer.from('words') }, 'notes is not a picture.'],
  ] as const) {
    await bring(page, 'drop', 'body', [file])
    await expect(said).toContainText(sentence)
    await expect(page.locator('#source-name')).toHaveText('Starts from named.txt')
  }
  // On its own thread, and never larger than the picture that is needed.
  expect(await page.evaluate(bitmapsOfFiles)).toEqual([])
  const sizes = await worker.evaluate(bitmapsOfFiles)
  expect(sizes).toEqual(['1×128', '128×1', '128×128', '128×128', '64×128'])
})

test('draws SVGs of every size, and neither runs nor loads anything in them', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2')
  const said = page.getByTestId('progress')
  const svg = (name: string, markup: string, type = 'image/svg+xml'): Item => ({
    name,
    type,
    bytes: Buffer.from(markup),
  })
  const open = (attributes: string) => `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}>`
  const all = '<rect width="100%" height="100%"/>'
  const hostile =
    '<script>top.ran = true</script><image href="https://example.org/a.png" width="9" height="9" onerror="top.ran = true"/>' +
    '<style>@import url(https://example.org/a.css);</style><foreignObject width="1" height="1"><iframe ' +
    'xmlns="http://www.w3.org/1999/xhtml" src="https://example.org/"/></foreignObject>'
  for (const [file, columns, rows] of [
    [svg('box.svg', `${open('viewBox="0 0 10 20"')}${all}</svg>`), 8, 16],
    [svg('unsized.svg', `${open('')}${all}</svg>`), 16, 8],
    [svg('relative.svg', `${open('width="100%" height="100%" viewBox="0,0,20,10"')}${all}</svg>`), 16, 8],
    [svg('huge.svg', `${open('width="1e7" height="1e7"')}${all}</svg>`), 16, 16],
    [svg('flat.svg', `${open('width="0" height="5mm" viewBox="5 5 1 1"')}<path d="M5 5h1v1H5z"/></svg>`), 16, 16],
    [svg('untyped.SVG', `<?xml version="1.0"?>${open('width="2in" height="1in"')}${all}</svg>`, ''), 16, 8],
    [
      svg(
        'styled.svg',
        `${open('viewBox="0 0 2 1"')}<style>.all{opacity:0}</style><rect class="all" width="2" height="1"/><rect width="1" height="1" style="fill:red"/></svg>`,
      ),
      8,
      8,
    ],
    [svg('copied.svg', `<svg viewBox="0 0 2 1">${all}</svg>`), 16, 8],
    [svg('hostile.svg', `${open('onload="top.ran = true" viewBox="0 0 10 10"')}${hostile}${all}</svg>`), 16, 16],
  ] as const) {
    await bring(page, 'drop', 'body', [file])
    await expect(page.locator('#source-name')).toHaveText(`Starts from ${file.name}`)
    await expect(said).toContainText('What should it become?')
    const opaque = (await demo.tokens()).flatMap((token, cell) => (token > 0 ? [cell] : []))
    const cells = [new Set(opaque.map((cell) => cell % 16)).size, new Set(opaque.map((cell) => cell >> 4)).size]
    expect([file.name, ...cells]).toEqual([file.name, columns, rows])
  }
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
  for (const [file, sentence] of [
    [svg('cut.svg', `${open('')}<rect`), 'This browser cannot draw cut.svg.'],
    [svg('page.svg', '<html/>'), 'page.svg is no SVG.'],
    [svg('blank.svg', `${open('')}<image href="https://example.org/a.png"/></svg>`), 'blank.svg shows nothing.'],
  ] as const) {
    await bring(page, 'drop', 'body', [file])
    await expect(said).toContainText(sentence)
    await expect(page.locator('#source-name')).toHaveText('Starts from hostile.svg')
  }
})

interface Watched {
  bitmaps: string[]
}

/** Runs in a thread of the page: records the sizes of the bitmaps that are made of files. */
function watchBitmaps(): void {
  const watched = globalThis as unknown as Watched
  const { createImageBitmap } = globalThis
  watched.bitmaps = []
  const watch = async (...parameters: Parameters<typeof createImageBitmap>) => {
    const bitmap = await createImageBitmap(...parameters)
    if (parameters[0] instanceof File) watched.bitmaps.push(`${bitmap.width}×${bitmap.height}`)
    return bitmap
  }
  globalThis.createImageBitmap = watch as typeof createImageBitmap
}

function bitmapsOfFiles(): string[] {
  return (globalThis as unknown as Watched).bitmaps
}

test('leaves text to the field that it is pasted into, and opens pictures elsewhere', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2')
  const text = { 'text/plain': 'red heart', 'text/html': '<table><td>red heart</table>' }
  const image = { 'text/html': '<img src="https://example.org/a.png">' }
  const opened = async (name: string) => {
    await expect(page.locator('#source-name')).toHaveText(`Starts from ${name}`)
    await page.getByRole('button', { name: 'Start from noise again' }).click()
  }
  // As spreadsheets copy their cells.
  await page.evaluate(async (content) => {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0))
    const picture = new Blob([bytes], { type: 'image/png' })
    const words = new Blob(['red heart'], { type: 'text/plain' })
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': words, 'image/png': picture })])
  }, blackPng(4, 4).toString('base64'))
  await page.getByTestId('prompt').focus()
  await page.keyboard.press('Control+v')
  await expect(page.getByTestId('prompt')).toHaveValue('red heart')
  await expect(page.locator('#source-name')).toBeHidden()
  await page.getByTestId('undo').evaluate(() => (document.activeElement as HTMLElement).blur())
  await page.keyboard.press('Control+v')
  await opened('image.png')

  expect(await bring(page, 'paste', '[data-testid=seed]', [png('cells.png')], { 'text/plain': '12' })).toBe(true)
  expect(await bring(page, 'paste', PROMPT, [], text)).toBe(true)
  await expect(page.locator('#source-name')).toBeHidden()
  expect(await bring(page, 'paste', PROMPT, [png('copied.png')], image)).toBe(false)
  await opened('copied.png')
  expect(await bring(page, 'paste', 'body', [png('cells.png')], text)).toBe(false)
  await opened('cells.png')
})

test('takes text into the prompt and pictures anywhere, when they are dropped', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2')
  const said = page.getByTestId('progress')
  const prompt = page.getByTestId('prompt')
  await prompt.fill('noto ')
  const heading = page.getByRole('heading', { level: 1 })
  await heading.evaluate((heading) => getSelection()!.setBaseAndExtent(heading.firstChild!, 0, heading.firstChild!, 6))
  await heading.dragTo(prompt, { sourcePosition: { x: 20, y: 20 } })
  await expect(prompt).toHaveValue(/Say it/)
  await expect(page.locator('body')).not.toHaveClass(/dropping/)

  expect(await bring(page, 'drop', PROMPT, [png('cells.png')], { 'text/plain': 'red heart' })).toBe(true)
  await expect(page.locator('#source-name')).toBeHidden()
  const link = { 'text/uri-list': 'https://example.org/a.png', 'text/plain': 'https://example.org/a.png' }
  expect(await bring(page, 'drop', PROMPT, [png('dragged.png')], link)).toBe(false)
  await expect(page.locator('#source-name')).toHaveText('Starts from dragged.png')
  expect(await bring(page, 'drop', 'body', [], { 'text/html': '<img src="https://example.org/a.png">' })).toBe(false)
  await expect(said).toContainText('There is no file in what was dropped.')
  const words = { name: 'notes.txt', type: 'text/plain', bytes: Buffer.from('words') }
  await bring(page, 'drop', 'body', [words, png('first.png'), png('second.png')])
  await expect(page.locator('#source-name')).toHaveText('Starts from first.png')
  await expect(said).toContainText('Only first.png was opened, not the other 2 files.')

  const folder = await mkdtemp(join(tmpdir(), 'pictures-'))
  const session = await page.context().newCDPSession(page)
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', {
      ...{ type, x: 300, y: 300 },
      data: { items: [], files: [folder], dragOperationsMask: 1 },
    })
  await expect(said).toContainText('There is no model in the folder: it has no model_index.json')
  await rmdir(folder)
})

test('does next what is asked for while something is drawn', async ({ demo, page }) => {
  await demo.ask('?prompt=&steps=2&seed=3&count=1')
  const next = page.getByTestId('waiting')
  const begin = async () => {
    await demo.pauseAfter(1)
    await page.getByTestId('prompt').fill('')
    await demo.generate.click()
    await expect(page.getByTestId('progress')).toContainText('step 1 of 2 ·')
  }
  await begin()
  await demo.example('panda').click()
  await demo.example('ghost').click()
  await expect(next).toHaveText('Next: ghost.')
  await expect(page.getByTestId('prompt')).toHaveValue('')
  await demo.resume()
  await expect(page.getByTestId('canvas')).toHaveAccessibleName('ghost, Blob · early Noto')
  await expect(next).toBeHidden()
  await expect(page.getByTestId('prompt')).toHaveValue('ghost')
  await demo.drawn()

  await page.getByTestId('share').click()
  await expect(page.getByTestId('progress')).toContainText('The link is in the clipboard')
  const { hash } = new URL(page.url())
  await begin()
  await page.evaluate((hash) => location.assign(hash), hash)
  await expect(next).toHaveText('Next: the link.')
  await page.getByTestId('stop').click()
  await expect(page.getByTestId('progress')).toContainText('Here it is, as it was drawn.')
  await expect(next).toBeHidden()

  await begin()
  await bring(page, 'drop', 'body', [png('late.png')])
  await expect(next).toHaveText('Next: late.png.')
  await demo.resume()
  await expect(page.locator('#source-name')).toHaveText('Starts from late.png')
})

test('stops also what the worker has not begun', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&steps=2')
  await expect(demo.status).toHaveText(/ready|done/)
  const states = await demo.watchStates()
  await page.evaluate(async () => {
    const press = (id: string) => document.querySelector<HTMLButtonElement>(`[data-testid=${id}]`)!.click()
    press('generate')
    // The page has the worker then, and has asked it for the expectation alone.
    for (let i = 0; i < 20; i++) await Promise.resolve()
    press('stop')
  })
  await expect(demo.status).toHaveText('stopped')
  await expect(demo.generate).toBeEnabled()
  await demo.draw()
  expect(await states()).toEqual(['drawing', 'stopped', 'done'])
})

test('says before it draws that a strength draws nothing', async ({ demo, page }) => {
  await demo.ask('?prompt=panda&steps=16')
  await bring(page, 'drop', 'body', [png('start.png')])
  const strength = page.locator('#strength-value')
  await expect(strength).toHaveText('60 %')
  await page.getByTestId('steps').fill('1')
  await expect(strength).toHaveText('60 %, too low')
  const states = await demo.watchStates()
  for (const button of [demo.generate, page.getByTestId('vary')]) {
    await button.click()
    await expect(page.getByTestId('progress')).toContainText(
      'At 60 % nothing is drawn in 1 step. Choose at least 100 %, or more steps.',
    )
  }
  expect(await states()).not.toContain('drawing')
  await page.getByText('Engine room').click()
  await page.getByTestId('spacing').selectOption('leading')
  await expect(strength).toHaveText('60 %')
  await page.getByTestId('spacing').selectOption('exact')
  await page.getByTestId('steps').fill('2')
  await expect(strength).toHaveText('60 %')
  await demo.draw()
  expect((await demo.asked()).image!.strength).toBe(0.6)
})

test('removes the plain background of a picture, and keeps it on request', async ({ demo, page }) => {
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 64)
    const context = canvas.getContext('2d')!
    for (const [colour, inset] of [
      ['#fafafa', 0],
      ['#c22', 16],
    ] as const) {
      context.fillStyle = colour
      context.fillRect(inset, inset, 64 - 2 * inset, 64 - 2 * inset)
    }
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())]
  })
  const said = page.getByTestId('progress')
  const background = page.getByTestId('background')
  const [corner, middle] = [0, 8 * 16 + 8]
  await bring(page, 'drop', 'body', [{ name: 'plain.png', type: 'image/png', bytes: Buffer.from(bytes) }])
  await expect(said).toContainText('Background removed.')
  await expect(background).toHaveText('Keep background')
  const without = await demo.tokens()
  expect([without[corner], without[middle]]).toEqual([0, 255])

  await background.focus()
  await background.press('Enter')
  await expect(said).toContainText('Now 256 tokens.')
  await expect(background).toHaveText('Remove background')
  await expect(background).toBeFocused()
  const kept = await demo.tokens()
  expect([kept[corner], kept[middle]]).toEqual([255, 255])

  await page.getByTestId('undo').click()
  await expect(background).toBeHidden()
  await bring(page, 'drop', 'body', [png('black.png')])
  await expect(said).toContainText('Now 256 tokens.')
  await expect(background).toBeHidden()
})
