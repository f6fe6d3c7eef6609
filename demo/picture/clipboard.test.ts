import { afterEach, describe, expect, it, vi } from 'vitest'
import { copyLink, copyPicture } from './clipboard'

const png = new Blob(['picture'], { type: 'image/png' })

class Item {
  constructor(readonly data: Record<string, Promise<Blob>>) {}
}

function withClipboard(clipboard: object | undefined): void {
  vi.stubGlobal('navigator', { clipboard })
  vi.stubGlobal('ClipboardItem', Item)
}

afterEach(() => vi.unstubAllGlobals())

describe('copyPicture', () => {
  it('passes the promise to the clipboard at once', async () => {
    const write = vi.fn(async ([item]: Item[]) => void (await item!.data['image/png']))
    withClipboard({ write })
    let finish!: (png: Blob) => void
    const made = new Promise<Blob>((resolve) => {
      finish = resolve
    })
    const copied = copyPicture(made)
    expect(write).toHaveBeenCalledOnce()
    expect(write.mock.calls[0]![0][0]!.data['image/png']).toBe(made)
    finish(png)
    await copied
  })
  it('rejects with a sentence if the browser has no clipboard for images', async () => {
    const cannot = 'This browser cannot copy pictures here. Save the picture as a file instead.'
    withClipboard(undefined)
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow(cannot)
    withClipboard({ writeText: () => {} })
    await expect(copyPicture(Promise.reject(new Error('late')))).rejects.toThrow(cannot)
    withClipboard({ write: () => {} })
    vi.stubGlobal('ClipboardItem', undefined)
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow(cannot)
  })
  it('rejects with a sentence if the browser denies access', async () => {
    withClipboard({ write: () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError')) })
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow('did not let the page copy the picture')
  })
  it('rejects with the error of the picture, not with that of the clipboard', async () => {
    withClipboard({ write: () => Promise.reject(new DOMException('', 'NotAllowedError')) })
    await expect(copyPicture(Promise.reject(new Error('The graphics device was lost.')))).rejects.toThrow('device')
  })
})

describe('copyLink', () => {
  it('copies, or rejects with a sentence', async () => {
    const writeText = vi.fn(async () => {})
    withClipboard({ writeText })
    await copyLink('https://example.org')
    expect(writeText).toHaveBeenCalledWith('https://example.org')
    withClipboard({ writeText: () => Promise.reject(new DOMException('', 'NotAllowedError')) })
    await expect(copyLink('')).rejects.toThrow('did not let the page copy the link')
    withClipboard(undefined)
    await expect(copyLink('')).rejects.toThrow('address bar')
  })
})
