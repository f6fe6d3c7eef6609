import { CheckpointError } from '../../errors'
import { kindOf } from '../../kind'
import type { Checkpoint } from '../checkpoint/checkpoint'

/** CLIP takes no more merges of its file than these: 49152 entries less its 256 bytes and two special tokens. */
const maximumOfMerges = 49_152 - 256 - 2

const [bos, eos] = ['<|startoftext|>', '<|endoftext|>']

/**
 * tokenizer.json of CLIP's tokenizer, from its vocab.json and merges.txt, as CLIPConverter of transformers makes it.
 *
 * With a special padding token, texts become what diffusers makes of them: that token counts as one wherever it stands, and ids
 * beyond the length are cut with the end token. Without one, what the authors' code makes: the end token stays last.
 *
 * @param textLength ids of a text
 */
export function clipTokenizerJson(
  { vocab: vocabFile, merges, specialPadToken }: NonNullable<Checkpoint['tokenizer']>,
  textLength: number,
): string {
  const vocab = vocabularyOf(vocabFile)
  const idOf = (token: string) => {
    const id = vocab[token]
    if (!Number.isInteger(id)) throw new CheckpointError(`vocab.json needs the token ${token} of CLIP.`, 'vocab.json')
    return id!
  }
  // The authors pad with 0.
  const padId = specialPadToken === undefined ? 0 : idOf(specialPadToken)
  const special = [...new Set([bos, eos, ...(specialPadToken === undefined ? [] : [specialPadToken])])]
  const addedTokens = special
    .map((content) => ({ id: idOf(content), content }))
    .sort((a, b) => a.id - b.id)
    .map(({ id, content }) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: content !== specialPadToken,
      special: true,
    }))
  return JSON.stringify({
    version: '1.0',
    truncation:
      specialPadToken === undefined
        ? { max_length: textLength, strategy: 'LongestFirst', stride: 0, direction: 'Right' }
        : null,
    padding: {
      strategy: { Fixed: textLength },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: padId,
      pad_type_id: 0,
      pad_token: specialPadToken ?? Object.keys(vocab).find((token) => vocab[token] === padId),
    },
    added_tokens: addedTokens,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          behavior: 'Removed',
          invert: true,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [eos, idOf(eos)],
      cls: [bos, idOf(bos)],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: eos,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges: mergesOf(merges),
    },
  })
}

function vocabularyOf(file: Uint8Array): Readonly<Record<string, number>> {
  let vocab: unknown
  try {
    vocab = JSON.parse(textOf(file))
  } catch (cause) {
    throw new CheckpointError('vocab.json needs to be JSON, as CLIP has it.', 'vocab.json', { cause })
  }
  if (kindOf(vocab) !== 'Object')
    throw new CheckpointError('vocab.json needs to map tokens to their numbers.', 'vocab.json')
  return vocab as Readonly<Record<string, number>>
}

// A copy, since TextDecoder refuses shared memory.
const textOf = (file: Uint8Array) => new TextDecoder().decode(file.slice())

/** The merges in their order. The first line is a comment about the version. */
function mergesOf(file: Uint8Array): string[] {
  const lines = textOf(file)
    .trim()
    .split('\n')
    .slice(1, maximumOfMerges + 1)
  const merges = lines.map((line) => line.trim().split(/\s+/))
  const wrong = merges.findIndex((pair) => pair.length !== 2)
  if (wrong >= 0)
    throw new CheckpointError(
      `merges.txt needs two tokens a line; line ${wrong + 2} is "${lines[wrong]}".`,
      'merges.txt',
    )
  return merges.map((pair) => pair.join(' '))
}
