/** A picture that is kept in the browser, with a small image of it that needs no network. */
export interface KeptPicture {
  /** Grows with the time. */
  readonly id: number
  /** Of `pictureRecord`. */
  readonly record: Record<string, unknown>
  readonly thumbnail: Blob
}

const DATABASE = 'vq-diffusion-webgpu'
const STORE = 'pictures'
const VERSION = 1

/**
 * Pictures in IndexedDB, which all tabs share. Every method rejects if the browser refuses storage. Bounded: what is oldest is
 * dropped.
 */
export class PictureStore {
  #database: Promise<IDBDatabase> | undefined

  constructor(readonly limit: number) {}

  /** The newest first. */
  async all(): Promise<KeptPicture[]> {
    let request: IDBRequest<KeptPicture[]>
    await this.#run('readonly', (store) => {
      request = store.getAll()
    })
    return request!.result.reverse()
  }

  async put(pictures: readonly KeptPicture[]): Promise<void> {
    await this.#run('readwrite', (store) => {
      for (const picture of pictures) store.put(picture)
      const keys = store.getAllKeys()
      keys.onsuccess = () => {
        for (const key of keys.result.slice(0, -this.limit)) store.delete(key)
      }
    })
  }

  async delete(ids: readonly number[]): Promise<void> {
    await this.#run('readwrite', (store) => {
      for (const id of ids) store.delete(id)
    })
  }

  /** Runs a transaction, and resolves when it is complete. */
  async #run(mode: IDBTransactionMode, work: (store: IDBObjectStore) => void): Promise<void> {
    this.#database ??= open()
    const transaction = (await this.#database).transaction(STORE, mode)
    work(transaction.objectStore(STORE))
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve()
      transaction.onabort = () => reject(transaction.error)
    })
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION)
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'id' })
    request.onsuccess = () => {
      // Otherwise this tab would block a later version of the page.
      request.result.onversionchange = () => request.result.close()
      resolve(request.result)
    }
    request.onerror = () => reject(request.error)
  })
}
