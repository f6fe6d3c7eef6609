import { countCells, noCells } from '../picture/mask'
import { type PageSettings, writeSettings } from '../picture/settings'
import { titleOf } from '../picture/titles'
import type { Drawn, Frame } from '../worker/protocol'
import { announce } from './announce'
import { connect, fail, connection as opened } from './connection'
import { draw } from './drawing'
import type { Order, Start } from './drawing_request'
import { element } from './element'
import { livePreview, readForm } from './form'
import { complain, duration, say, showProgress, showState } from './messages'
import {
  brushing,
  busy,
  finish,
  interrupt,
  lastDrawn,
  latestFrame,
  mask,
  selectedPrint,
  sheet,
  source,
  strength,
} from './state'

/** The work that is wanted; another's results are late and are ignored. */
let wanted: object | undefined
/** Draws what the form says: the marked cells while the brush is out, else from the chosen source or from noise. */
export async function generate(): Promise<boolean> {
  if (brushing.peek() && countCells(mask.peek()) === 0) {
    complain('Brush over some cells first, or put the brush away.')
    return false
  }
  return make({ settings: readForm(), start: startOf() })
}

function startOf(): Start {
  const print = selectedPrint.peek()
  const picture = print?.picture.peek()
  if (brushing.peek() && picture) {
    return { kind: 'cells', base: { tokens: picture.tokens, bitmap: print!.bitmap.peek()! }, mask: mask.peek() }
  }
  const base = source.peek()
  return base ? { kind: 'picture', base, strength: strength.peek() } : { kind: 'noise' }
}

/**
 * Makes the pictures of an order and leaves them on the stage; does nothing while others are made.
 *
 * @returns whether they were finished
 */
export async function make(order: Order): Promise<boolean> {
  if (busy.peek()) return false
  const isWanted = () => wanted === order
  wanted = order
  busy.value = true
  brushing.value = false
  if (order.start.kind !== 'cells') mask.value = noCells
  // Before all that takes time, so that a reload loses none of it. The tokens of the last picture do not belong to it.
  window.history.replaceState(null, '', `?${writeSettings(new URLSearchParams(location.search), order.settings)}`)
  // Known at once where the worker is open already.
  if (opened.peek()) showState('drawing')
  interrupt.value = () => {
    wanted = undefined
    busy.value = false
    interrupt.value = undefined
  }
  try {
    const connection = await connect()
    if (!isWanted()) return false
    interrupt.value = () => connection.studio.stop()
    const { settings, start } = order
    const expectation = await connection.studio.expectation(
      settings,
      start.kind === 'picture' ? start.strength : undefined,
    )
    const steps = expectation.timesteps.length
    const text = connection.tokenizer.encode(settings.prompt, settings.style).ids
    const begun = performance.now()
    const conditions = {
      text,
      expectation,
      livePreview: livePreview(),
      onFrame: (frame: Frame) => follow(frame, steps),
      onRecovered: (step: number) => say(`The graphics device was lost and is here again. Going on from step ${step}.`),
    }
    const { sheet: developing, finished } = draw(connection, order, conditions)
    sheet.value = developing
    showProgress(0, `step 1 of ${steps}`)
    showState('drawing')
    announce(`Drawing ${nameOf(settings)}${start.kind === 'cells' ? ', only the marked cells' : ''}.`)
    element('progress', HTMLElement).scrollIntoView({ block: 'nearest' })
    const drawn = await finished
    finish(developing)
    lastDrawn.value = drawn
    tell(settings, steps, drawn, performance.now() - begun)
    return true
  } catch (error) {
    if ((error as Error).name === 'AbortError') {
      showState('stopped')
      announce('Stopped.')
    } else fail(error as Error)
    return false
  } finally {
    if (isWanted()) {
      wanted = undefined
      busy.value = false
      interrupt.value = undefined
    }
  }
}

function follow(frame: Frame, steps: number): void {
  latestFrame.value = frame
  if (frame.step === 0) return
  const milliseconds = frame.networkMilliseconds + frame.engineMilliseconds
  showProgress(frame.step / steps, `step ${frame.step} of ${steps} · ${duration(milliseconds)} a step`)
  if (steps > 3 && frame.step === Math.floor(steps / 2)) announce('Half way.')
}

function tell(settings: PageSettings, steps: number, { milliseconds }: Drawn, total: number): void {
  const { network, engine } = milliseconds
  const facts = `${steps} ${steps === 1 ? 'step' : 'steps'} · ${duration((network + engine) / Math.max(1, steps))} a step · ${duration(total)} in all`
  showProgress(1, facts)
  showState('done')
  announce(`Done: ${nameOf(settings)}.`)
}

function nameOf({ count, ...settings }: PageSettings): string {
  return count > 1 ? `${count} pictures of ${titleOf(settings)}` : titleOf(settings)
}
