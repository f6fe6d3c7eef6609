import { CheckpointError } from '../../errors'
import { quoted, valueText } from '../../value_text'

/** Values of a JSON configuration, checked. Each throws CheckpointError, with the name of the file. */
export class ConfigValues {
  constructor(
    private readonly file: string,
    private readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /** An integer of at least 1, or the default where the key is absent or null. */
  size(key: string, otherwise?: number): number {
    const value = this.values[key] ?? otherwise
    if (!Number.isSafeInteger(value) || (value as number) < 1) this.refuse(key, 'an integer of at least 1')
    return value as number
  }

  /** A list of integers of at least 1. */
  sizes(key: string): number[] {
    const value = this.values[key]
    const isList =
      Array.isArray(value) && value.length > 0 && value.every((size) => Number.isSafeInteger(size) && size > 0)
    if (!isList) this.refuse(key, 'a list of integers of at least 1')
    return value as number[]
  }

  number(key: string, otherwise: number): number {
    const value = this.values[key] ?? otherwise
    if (typeof value !== 'number' || !(value > 0)) this.refuse(key, 'a positive number')
    return value as number
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.values[key] ?? otherwise
    if (typeof value !== 'boolean') this.refuse(key, 'true or false')
    return value as boolean
  }

  /** One of these texts; absent and null are the first. */
  choice<Choice extends string>(key: string, ...choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.values[key] ?? choices[0]
    if (!(choices as readonly unknown[]).includes(value)) this.refuse(key, choices.map(quoted).join(' or '))
    return value as Choice
  }

  /** Throws unless the key is absent, null, or one of these values: others change what the network computes. */
  only(key: string, ...values: readonly unknown[]): void {
    const value = this.values[key] ?? null
    if (value !== null && !values.includes(value))
      this.refuse(key, values.length > 0 ? values.map(valueText).join(' or ') : 'to be absent')
  }

  /** Texts of a list, each one of these; whether it is the last one. */
  flags(key: string, count: number, no: string, yes: string): boolean[] {
    const value = this.values[key]
    const isList = Array.isArray(value) && value.length === count && value.every((item) => item === no || item === yes)
    if (!isList) this.refuse(key, `a list of ${count} items, each ${quoted(no)} or ${quoted(yes)}`)
    return (value as string[]).map((item) => item === yes)
  }

  refuse(key: string, needed: string): never {
    throw new CheckpointError(`${this.file} needs ${key}: ${needed}; given ${valueText(this.values[key])}.`, this.file)
  }
}
