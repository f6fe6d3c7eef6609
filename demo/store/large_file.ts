import type { FileFacts } from '../build/model_manifest'
import type { RemoteFile } from './download'

/** A file worth keeping: where it comes from, what is known of it, and where it is stored. */
export interface LargeFile extends RemoteFile, FileFacts {
  /** An absolute address that stays the same from version to version; the key in the store. Nothing is fetched from it. */
  place: string
}
