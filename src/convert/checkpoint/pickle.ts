import { quoted } from '../../value_text'

/**
 * Reads the pickles that PyTorch writes (protocols 2 to 5; Python's pickletools.py names the operations). Nothing of a
 * pickle is run: a name of Python stands for what `globals` gives it, else it is refused or becomes an `Inert` object.
 */
export interface PickleOptions {
  /** What names such as `collections.OrderedDict` stand for: functions of the arguments, or constants. */
  readonly globals: ReadonlyMap<string, unknown>
  /** Whether other names throw, or become objects without a content. */
  readonly others: 'refuse' | 'inert'
  /** The object that an identifier stands for. */
  persistent(id: unknown): unknown
}

/** What stands for an object of a class that is not known. */
export class Inert {
  constructor(readonly className: string) {}
}

/** A pickle that is broken, or asks for what is not in the list. The message ends a sentence. */
export class PickleError extends Error {}

const mark = Symbol('mark')

/** The object of a pickle: dictionaries as Maps, lists and tuples as arrays. Throws PickleError, and what `globals` throw. */
export function unpickle(bytes: Uint8Array, options: PickleOptions): unknown {
  return new Unpickler(bytes, options).run()
}

class Unpickler {
  readonly view: DataView
  readonly stack: unknown[] = []
  readonly memo = new Map<number, unknown>()
  private at = 0

  constructor(
    private readonly bytes: Uint8Array,
    readonly options: PickleOptions,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  run(): unknown {
    for (;;) {
      const operation = this.uint(1)
      if (operation === 0x2e) return this.pop() // STOP
      const apply = operations[operation]
      if (!apply)
        throw new PickleError(`its pickle has the operation 0x${operation.toString(16)}, which PyTorch never writes`)
      apply(this)
    }
  }

  /** The next bytes; returns where they begin. */
  take(length: number): number {
    const start = this.at
    if (length > this.bytes.length - start) throw new PickleError('its pickle ends early')
    this.at += length
    return start
  }

  uint(length: 1 | 2 | 4 | 8): number {
    const at = this.take(length)
    if (length === 1) return this.view.getUint8(at)
    if (length === 2) return this.view.getUint16(at, true)
    return length === 4 ? this.view.getUint32(at, true) : Number(this.view.getBigUint64(at, true))
  }

  /** A two's complement number. Those beyond 64 bits are none that is needed. */
  long(length: number): number {
    const at = this.take(length)
    if (length > 8) return Number.NaN
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[at + i]!)
    return Number(BigInt.asIntN(8 * length, value))
  }

  text(length: number): string {
    return new TextDecoder().decode(this.slice(length))
  }

  slice(length: number): Uint8Array {
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new PickleError('its pickle ends early')
    const line = this.text(end - this.at)
    this.at++
    return line
  }

  top(): unknown {
    const top = this.stack.at(-1)
    if (top === undefined || top === mark) throw new PickleError('its pickle is broken')
    return top
  }

  pop(): unknown {
    const top = this.top()
    this.stack.pop()
    return top
  }

  popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.pop())
    return values.reverse()
  }

  popToMark(): unknown[] {
    const start = this.stack.lastIndexOf(mark)
    if (start < 0) throw new PickleError('its pickle is broken')
    const values = this.stack.splice(start)
    values.shift()
    return values
  }

  remember(key: number): void {
    this.memo.set(key, this.top())
  }

  recall(key: number): void {
    if (!this.memo.has(key)) throw new PickleError('its pickle is broken')
    this.stack.push(this.memo.get(key))
  }

  push(value: unknown): void {
    this.stack.push(value)
  }

  /** Keys and values to the dictionary on the stack. */
  fill(items: readonly unknown[]): void {
    const dictionary = this.top()
    if (items.length % 2 !== 0) throw new PickleError('its pickle is broken')
    if (dictionary instanceof Inert) return
    if (!(dictionary instanceof Map)) throw new PickleError('its pickle is broken')
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1])
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (list instanceof Inert) return
    if (!Array.isArray(list)) throw new PickleError('its pickle is broken')
    for (const item of items) list.push(item)
  }

  global(module: string, name: string): unknown {
    const path = `${module}.${name}`
    const found = this.options.globals.get(path)
    if (found !== undefined) return found
    if (this.options.others === 'inert') return new Inert(path)
    throw new PickleError(`its pickle asks for ${quoted(path)}, which weights do not need, and which is not run`)
  }

  /** What calling a name with arguments gives. */
  call([callable, parameters]: unknown[]): void {
    if (callable instanceof Inert) this.push(new Inert(callable.className))
    else if (typeof callable === 'function' && Array.isArray(parameters) && parameters.length <= 16)
      this.push(callable(...parameters))
    else throw new PickleError('its pickle is broken')
  }
}

/** The operations by their bytes, in the order of how often PyTorch writes them; STOP is in `run`. */
const operations: Readonly<Record<number, (machine: Unpickler) => void>> = {
  // BINPUT, LONG_BINPUT, MEMOIZE; BINGET, LONG_BINGET
  113: (machine) => machine.remember(machine.uint(1)),
  114: (machine) => machine.remember(machine.uint(4)),
  148: (machine) => machine.remember(machine.memo.size),
  104: (machine) => machine.recall(machine.uint(1)),
  106: (machine) => machine.recall(machine.uint(4)),
  // BININT1, BININT2, BININT, LONG1, LONG4, BINFLOAT
  75: (machine) => machine.push(machine.uint(1)),
  77: (machine) => machine.push(machine.uint(2)),
  74: (machine) => machine.push(machine.view.getInt32(machine.take(4), true)),
  138: (machine) => machine.push(machine.long(machine.uint(1))),
  139: (machine) => machine.push(machine.long(machine.uint(4))),
  71: (machine) => machine.push(machine.view.getFloat64(machine.take(8))),
  // NONE, NEWTRUE, NEWFALSE
  78: (machine) => machine.push(null),
  136: (machine) => machine.push(true),
  137: (machine) => machine.push(false),
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8; BINSTRING, SHORT_BINSTRING of Python 2
  88: (machine) => machine.push(machine.text(machine.uint(4))),
  140: (machine) => machine.push(machine.text(machine.uint(1))),
  141: (machine) => machine.push(machine.text(machine.uint(8))),
  84: (machine) => machine.push(machine.text(machine.uint(4))),
  85: (machine) => machine.push(machine.text(machine.uint(1))),
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  66: (machine) => machine.push(machine.slice(machine.uint(4))),
  67: (machine) => machine.push(machine.slice(machine.uint(1))),
  142: (machine) => machine.push(machine.slice(machine.uint(8))),
  150: (machine) => machine.push(machine.slice(machine.uint(8))),
  // MARK; EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
  40: (machine) => machine.push(mark),
  41: (machine) => machine.push([]),
  133: (machine) => machine.push(machine.popMany(1)),
  134: (machine) => machine.push(machine.popMany(2)),
  135: (machine) => machine.push(machine.popMany(3)),
  116: (machine) => machine.push(machine.popToMark()),
  // EMPTY_LIST, LIST, APPEND, APPENDS
  93: (machine) => machine.push([]),
  108: (machine) => machine.push(machine.popToMark()),
  97: (machine) => machine.append(machine.popMany(1)),
  101: (machine) => machine.append(machine.popToMark()),
  // EMPTY_DICT, SETITEM, SETITEMS
  125: (machine) => machine.push(new Map()),
  115: (machine) => machine.fill(machine.popMany(2)),
  117: (machine) => machine.fill(machine.popToMark()),
  // EMPTY_SET, ADDITEMS, FROZENSET
  143: (machine) => machine.push(new Inert('set')),
  144: (machine) => machine.append(machine.popToMark()),
  145: (machine) => {
    machine.popToMark()
    machine.push(new Inert('frozenset'))
  },
  // GLOBAL, STACK_GLOBAL; REDUCE, NEWOBJ, NEWOBJ_EX (whose third operand are named arguments)
  99: (machine) => machine.push(machine.global(machine.line(), machine.line())),
  147: (machine) => {
    const [module, name] = machine.popMany(2)
    machine.push(machine.global(String(module), String(name)))
  },
  82: (machine) => machine.call(machine.popMany(2)),
  129: (machine) => machine.call(machine.popMany(2)),
  146: (machine) => machine.call(machine.popMany(3)),
  // BUILD: attributes of an object, of which none is needed
  98: (machine) => machine.pop(),
  // BINPERSID
  81: (machine) => machine.push(machine.options.persistent(machine.pop())),
  // POP, POP_MARK, DUP
  48: (machine) => machine.stack.pop(),
  49: (machine) => machine.popToMark(),
  50: (machine) => machine.push(machine.top()),
  // PROTO, FRAME
  128: (machine) => machine.take(1),
  149: (machine) => machine.take(8),
}
