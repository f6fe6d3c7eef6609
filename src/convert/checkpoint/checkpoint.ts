/** What every published layout is read as: networks by diffusers' present names, with their configurations. */

/** Random access to a file: of Node, or a Blob of a page. */
export interface ByteSource {
  /** The file's path, for messages. */
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Exactly these bytes, in memory of their own. Rejects CheckpointError if the file does not have them. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

/** The files of a folder by their paths in it, with '/' between names. */
export interface ByteFolder {
  /** The folder's path, for messages. */
  readonly name: string
  readonly paths: readonly string[]
  /** Rejects CheckpointError if there is no such file. */
  open(path: string): Promise<ByteSource>
}

/** The weights of one network, by diffusers' present names; shapes as torch has them. */
export interface Weights {
  readonly shapes: ReadonlyMap<string, readonly number[]>
  /**
   * Row-major float32, whatever the stored type (float16, bfloat16, float64 …). Only what is read is held. Rejects
   * CheckpointError for a name that is not there.
   */
  read(name: string): Promise<Float32Array<ArrayBuffer>>
}

/**
 * Transformer2DModel with discrete input, and the networks of the same family. Keys that diffusers has are spelt as there. Weights, with D = heads · head size:
 *
 * - `latent_image_embedding.emb.weight` [C, D]; `.height_emb.weight` [H′, D] and `.width_emb.weight` [W′, D], where latent
 *   pixel n has the position (n ÷ W′, n mod W′), also if H′ · W′ > N;
 * - of each block `norm1` (AdaLN by timestep) and `attn1`; `norm2` (AdaLN by timestep) and `attn2` if the condition is a text;
 *   `norm3`, a layer norm, or for classes an AdaLN by class (`.emb.weight` [classes + 1, D], `.linear`);
 *   then `ff.net.0.proj` and `ff.net.2`, or for a convolutional MLP `ff.conv1` and `ff.conv2`, [4D, D, 3, 3] and
 *   [D, 4D, 3, 3] with padding 1 over the grid;
 * - `norm_out` and `out` [C − 1, D].
 */
export interface TransformerConfig {
  readonly num_attention_heads: number
  readonly attention_head_dim: number
  readonly num_layers: number
  /** C: codes and the mask. */
  readonly num_vector_embeds: number
  /** T: rows of the timestep embeddings. */
  readonly num_embeds_ada_norm: number
  /** Whether the queries, keys and values have biases. Outputs always do. */
  readonly attention_bias: boolean
  /** The grid of latent pixels, N = height · width. */
  readonly latent_height: number
  readonly latent_width: number
  /** Factor of the width inside of the MLP: 4 in every published model. */
  readonly ff_mult: number
  readonly feed_forward: 'linear' | 'convolution'
  /** Of the MLP: x σ(1.702 x), or max(x, 0). */
  readonly activation: 'quick_gelu' | 'relu'
  readonly condition: 'text' | 'class' | 'none'
  /**
   * How the network's sequence of N positions goes over the grid. The table of positions is always read row by row: by
   * columns, the pixel of row r and column c has the position of pixel c · height + r.
   */
  readonly sequence: 'by rows' | 'by columns'
  /** Width of the text's states; of texts only. */
  readonly cross_attention_dim?: number
  /** Classes that can be asked for; of classes only. */
  readonly num_classes?: number
  /** The class of the unconditional prediction, the last row of the class tables; of classes only. */
  readonly unconditional_class?: number
  /** Whether it was not trained, and has the mean of the other classes' embeddings. */
  readonly unconditional_is_mean?: boolean
}

/**
 * VQModel. Weights are named as in diffusers; `encoder.conv_in` may be of another width than `block_out_channels[0]`.
 * The convolutions of its attention are [C, C] linear layers.
 */
export interface VqvaeConfig {
  readonly in_channels: number
  readonly out_channels: number
  /** Widths of the encoder's levels, the widest grid first. */
  readonly block_out_channels: readonly number[]
  /** Whether the blocks of a level have attention, in the order of the blocks of encoder and decoder. */
  readonly down_attention: readonly boolean[]
  readonly up_attention: readonly boolean[]
  readonly layers_per_block: number
  readonly latent_channels: number
  readonly vq_embed_dim: number
  /** Entries of the codebook, which may be more than the transformer's codes. */
  readonly num_vq_embeddings: number
  readonly norm_num_groups: number
  /**
   * How the encoder's output becomes a code: the nearest entry, or for taming's GumbelVQ the greatest output of the
   * linear layer `quantize.proj` ([entries, vq_embed_dim], with bias).
   */
  readonly quantizer: 'nearest' | 'projection'
}

/** CLIPTextModel. Weights are named as in transformers, beginning with `text_model.`. */
export interface TextEncoderConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly max_position_embeddings: number
  readonly hidden_act: 'quick_gelu' | 'gelu'
  readonly layer_norm_eps: number
}

/** A range of classes that means the same: its last class is the padding, of an element that is not there. */
export interface TokenKind {
  readonly name: string
  readonly first: number
  readonly last: number
}

/** The autoencoder, and which of its entries are the model's codes. */
export interface Autoencoder extends Network<VqvaeConfig> {
  /** `quantize_to_full` of the authors' COCO, CC, CUB and ImageNet: the codebook entry of every code. */
  readonly codes?: Int32Array
  /** `full_to_quantize`: the code of every codebook entry, for the encoder. */
  readonly codesOfEntries?: Int32Array
}

/** A network: what it looks like, and its weights. */
export interface Network<Config> {
  readonly config: Config
  readonly weights: Weights
}

/** A VQ-Diffusion model: everything that its files say. */
export interface Checkpoint {
  /** What it was recognised as, for the card and the log. */
  readonly description: string
  readonly transformer: Network<TransformerConfig>
  /** Absent where the tokens themselves are the result. */
  readonly vqvae?: Autoencoder
  /** Where the tokens themselves are the result: what they mean, for each column of the grid. */
  readonly tokenKinds?: readonly TokenKind[]
  /** Of models for texts only. */
  readonly textEncoder?: Network<TextEncoderConfig>
  /** CLIP's vocab.json and merges.txt as they are. */
  readonly tokenizer?: {
    readonly vocab: Uint8Array
    readonly merges: Uint8Array
    /**
     * The padding token ("!") if the tokenizer takes it for a special token wherever it stands in a text, as that of
     * transformers does; absent if it only pads, as in the authors' code.
     */
    readonly specialPadToken?: string
  }
  /** Tokens of a text; of models for texts only. */
  readonly textLength?: number
  /** scheduler_config.json. */
  readonly scheduler: Readonly<Record<string, unknown>>
  /** The text states of the unconditional prediction [text length, width], not to be normalised; absent if not learned. */
  readonly learnedEmbeddings?: { readonly data: Float32Array; readonly shape: readonly number[] }
  close(): Promise<void>
}
