import { download } from './download'
import { Tokenizer } from './tokenizer'

/** The model's words, fetched by the page itself so that they can be offered while the networks still load. */
export async function loadTokenizer(): Promise<Tokenizer> {
  const url = new URL('models/emoji-16x16/tokenizer/tokenizer.json', document.baseURI).href
  const [bytes] = await download([{ name: 'tokenizer/tokenizer.json', url, bytes: 33_302 }], () => {})
  return new Tokenizer(JSON.parse(new TextDecoder().decode(bytes)))
}
