import { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js'
import columnLogits from '../shaders/lib/column_logits.wgsl?raw'
import columns from '../shaders/lib/columns.wgsl?raw'
import draw from '../shaders/lib/draw.wgsl?raw'
import drawTruncated from '../shaders/lib/draw_truncated.wgsl?raw'
import eachColumn from '../shaders/lib/each_column.wgsl?raw'
import eachElement from '../shaders/lib/each_element.wgsl?raw'
import layout from '../shaders/lib/layout.wgsl?raw'
import logits from '../shaders/lib/logits.wgsl?raw'
import numerics from '../shaders/lib/numerics.wgsl?raw'
import posterior from '../shaders/lib/posterior.wgsl?raw'
import purity from '../shaders/lib/purity.wgsl?raw'
import random from '../shaders/lib/random.wgsl?raw'
import reduce from '../shaders/lib/reduce.wgsl?raw'
import step from '../shaders/lib/step.wgsl?raw'

const library: Record<string, string> = {
  'lib/column_logits.wgsl': columnLogits,
  'lib/columns.wgsl': columns,
  'lib/draw.wgsl': draw,
  'lib/draw_truncated.wgsl': drawTruncated,
  'lib/each_column.wgsl': eachColumn,
  'lib/each_element.wgsl': eachElement,
  'lib/layout.wgsl': layout,
  'lib/logits.wgsl': logits,
  'lib/numerics.wgsl': numerics,
  'lib/posterior.wgsl': posterior,
  'lib/purity.wgsl': purity,
  'lib/random.wgsl': random,
  'lib/reduce.wgsl': reduce,
  'lib/step.wgsl': step,
}

/** Names that the directives of our shaders may test. */
export type Feature = 'COUNTED' | 'F16' | 'GUIDED' | 'KNOWN' | 'POSTERIOR' | 'PURITY' | 'TRUNCATED' | 'VECTORS'

/**
 * Turns a .wgsl file into WGSL: replaces the first `//#include "lib/x.wgsl"` of each file by that file and resolves
 * `//#if NAME`, `//#else`, `//#endif`. The directives stand in comments, so the files are WGSL to an editor.
 */
export function specialise(
  source: string,
  features: Partial<Record<Feature, boolean>> = {},
  files: Readonly<Record<string, string>> = library,
): string {
  const included = new Set<string>()
  const include = (text: string): string =>
    text.replace(/(?:\/\/)?#include "([^"]+)"/g, (_, file: string) => {
      if (files[file] === undefined) throw new Error(`No shader file ${file} to include.`)
      return included.has(file) ? '' : include(included.add(file) && files[file])
    })
  // The tag wants the literal parts around each tested value.
  const parts = include(source).split(/(?<=#(?:if|elif)) (\w+)/)
  const literals = parts.filter((_, i) => i % 2 === 0)
  const values = parts.filter((_, i) => i % 2 === 1).map((name) => features[name as Feature] ?? false)
  return wgsl(Object.assign(literals, { raw: literals }), ...values)
}
