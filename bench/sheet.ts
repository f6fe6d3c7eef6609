/** Its own background: a page of either colour can show it. */
export const paper = { background: '#ffffff', ink: '#1a1a1a', quiet: '#6b6b6b', font: 'system-ui, sans-serif' }

/** Left of what a sheet says above its plot, and the plot's top margin that makes room for it. */
const left = 20
export const headRoom = 95

/** A plot as an SVG file of its own: with a background, a title, and the names of its colours. */
export function sheet(
  plot: SVGSVGElement | HTMLElement,
  { title, place, legend }: { title: string; place: string; legend: Readonly<Record<string, string>> },
): string {
  const svg = plot instanceof SVGSVGElement ? plot : plot.querySelector('svg')!
  const line = (y: number, ...attributes: [string, string][]) =>
    element('text', [['x', `${left}`], ['y', `${y}`], ['text-anchor', 'start'], ...attributes])
  const heading = line(26, ['font-size', '16'], ['font-weight', '600'])
  heading.textContent = title
  const where = line(46, ['fill', paper.quiet])
  where.textContent = place
  const names = line(68)
  for (const [i, [name, colour]] of Object.entries(legend).entries()) {
    const part = element('tspan', [['fill', colour], ...(i > 0 ? [['dx', '18'] as [string, string]] : [])])
    part.textContent = `● ${name}`
    names.append(part)
  }
  const described = element('title', [])
  described.textContent = `${title}; ${place}`
  const background = element('rect', [
    ['width', '100%'],
    ['height', '100%'],
    ['fill', paper.background],
  ])
  svg.prepend(described, background)
  svg.append(heading, where, names)
  return new XMLSerializer().serializeToString(svg)
}

function element(name: string, attributes: readonly [string, string][]): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name)
  for (const [attribute, value] of attributes) made.setAttribute(attribute, value)
  return made
}
