import { expect } from 'vitest'

/** Calls something wrong and expects its named error; a throw and a rejection count alike. */
export async function expectNamedError(
  call: () => unknown,
  error: abstract new (...values: never[]) => Error,
  message: RegExp,
): Promise<void> {
  const failure: unknown = await Promise.resolve()
    .then(call)
    .catch((reason: unknown) => reason)
  expect(failure).toBeInstanceOf(error)
  expect((failure as Error).name).toBe(error.name)
  expect((failure as Error).message).toMatch(message)
}
