/** Pixels between a button and its panel, and between the panel and the window. */
const GAP = 8

/**
 * Opens `panel`, a popover, at its `button`. Escape closes it and does nothing else; the browser closes it when something
 * else is pressed, and gives the focus back.
 */
export function startPopover(button: HTMLButtonElement, panel: HTMLElement): void {
  button.popoverTargetElement = panel
  const onEscape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    panel.hidePopover()
  }
  panel.addEventListener('beforetoggle', ({ newState }) => {
    delete panel.dataset.placed
    if (newState === 'open') document.addEventListener('keydown', onEscape, { capture: true })
    else document.removeEventListener('keydown', onEscape, { capture: true })
  })
  // It has a size only now.
  panel.addEventListener('toggle', ({ newState }) => {
    if (newState === 'open') place(button, panel)
  })
}

/** Below the button, or above if there is no room; within the window. Positions are those of the document, which scrolls. */
function place(button: HTMLElement, panel: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { clientWidth, clientHeight } = document.documentElement
  const { offsetWidth: width, offsetHeight: height } = panel
  const isAbove = at.bottom + GAP + height > clientHeight && at.top - GAP - height > 0
  const left = Math.max(GAP, Math.min(at.left, clientWidth - width - GAP))
  panel.style.left = `${scrollX + left}px`
  panel.style.top = `${scrollY + (isAbove ? at.top - GAP - height : at.bottom + GAP)}px`
  panel.dataset.placed = ''
}
