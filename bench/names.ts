/** Names of the rows that are not somebody else's. */
export const rowNames = {
  ours: 'ours',
  awaited: 'ours, each step awaited',
  dense: 'ours, dense with supplied noise',
  twin: 'CPU twin (lazy JavaScript)',
  readOnce: 'floor: read the logits once',
  copyByKernel: 'floor: copy the logits, by a kernel',
  copyByCommand: 'floor: copy the logits, by copyBufferToBuffer',
  empty: 'floor: empty dispatch + submit',
} as const
