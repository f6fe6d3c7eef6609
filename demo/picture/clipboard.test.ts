import { afterEach, describe, expect, it, vi } from 'vitest'
import { copyPicture, copyText } from './clipboard'

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
  it('hands the promise over at once, still in the click', async () => {
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
  it('has a sentence for a browser that cannot', async () => {
    const cannot = 'This browser cannot copy pictures here. Save the picture as a file instead.'
    withClipboard(undefined)
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow(cannot)
    withClipboard({ writeText: () => {} })
    await expect(copyPicture(Promise.reject(new Error('late')))).rejects.toThrow(cannot)
    withClipboard({ write: () => {} })
    vi.stubGlobal('ClipboardItem', undefined)
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow(cannot)
  })
  it('has a sentence for a browser that will not', async () => {
    withClipboard({ write: () => Promise.reject(new DOMException('Write permission denied.', 'NotAllowedError')) })
    await expect(copyPicture(Promise.resolve(png))).rejects.toThrow('did not let the page copy the picture')
  })
  it('tells why there is no picture rather than that there is none', async () => {
    withClipboard({ write: () => Promise.reject(new DOMException('', 'NotAllowedError')) })
    await expect(copyPicture(Promise.reject(new Error('The graphics device was lost.')))).rejects.toThrow('device')
  })
})

describe('copyText', () => {
  it('copies, or says why not', async () => {
    const writeText = vi.fn(async () => {})
    withClipboard({ writeText })
    await copyText('https://example.org')
    expect(writeText).toHaveBeenCalledWith('https://example.org')
    withClipboard({ writeText: () => Promise.reject(new DOMException('', 'NotAllowedError')) })
    await expect(copyText('')).rejects.toThrow('did not let the page copy the link')
    withClipboard(undefined)
    await expect(copyText('')).rejects.toThrow('address bar')
  })
})
