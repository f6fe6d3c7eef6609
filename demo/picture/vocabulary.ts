import { brokeOff, openDownload } from '../store/download'
import { Tokenizer } from './tokenizer'

/** The model's words, fetched by the page itself so that they can be offered while the networks still load. */
export async function loadTokenizer(): Promise<Tokenizer> {
  const file = {
    name: 'tokenizer/tokenizer.json',
    url: new URL('models/emoji-16x16/tokenizer/tokenizer.json', document.baseURI).href,
  }
  const { body } = await openDownload(file)
  const text = await new Response(body).text().catch(() => {
    throw brokeOff(file)
  })
  return new Tokenizer(JSON.parse(text))
}
