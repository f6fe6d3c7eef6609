import { PRESETS, presetText } from '../model/presets'
import { startPopover } from './popover'

/** What each setting does, by the id of its field. */
const HELP: Record<string, string> = {
  'class-label': 'The number of what is drawn, in the order in which the model learnt its classes.',
  negative:
    'Words for what the picture should not show: guidance leads away from them. It has to be above 1, and what they name may still appear.',
  quality:
    `Sets the numbers below. Quick is the fastest, and may miss the words more often: ${presetText(PRESETS.quick)}. ` +
    `Default: ${presetText(PRESETS.default)}. Best takes the longest: ${presetText(PRESETS.best)}.`,
  style: 'The set of emoji whose style the picture has. With any style, each picture has another one.',
  count: 'How many pictures are drawn at once, each from a seed of its own. Each takes as long as one.',
  steps: 'In how many steps noise becomes a picture. More take longer; above some 16 they change little.',
  guidance:
    'How closely the picture keeps to the words. 1 leaves it free, and takes half the time; high values draw debris.',
  seed:
    'The number that the noise follows from: the same seed, words and settings give the same picture again. ' +
    'Each drawing takes a new seed; while the lock is closed, all take this one.',
  strength: 'How much of the picture is drawn anew: 0 % keeps all of it, 100 % nothing.',
  engine: 'What runs the steps: WebGPU, on the graphics card if there is one, or the CPU. Both draw the same picture.',
  method:
    'How a step is drawn. Posterior follows the process that the model has learnt; Purity decides the surest cells first.',
  truncation: 'Draw only from the likeliest codes, of this probability together. Less is cleaner; 1 keeps all codes.',
  'guided-from':
    'Guidance works at timesteps t from here on. They go from the largest, which is noise, down to 0; below, the picture is drawn freely.',
  'guided-to':
    'Guidance works at timesteps t up to here. They begin at the largest, which is noise; above, the picture is drawn freely.',
  'prior-weight': 'With Purity: how much cells that are sure are sharpened. 0 sharpens none.',
  spacing: 'Which of the timesteps are visited. Exact ends at the last one; Leading is the list of diffusers.',
  'live-preview':
    'Shows after each step what the model expects, and keeps it for winding back. Without, a step is a little faster.',
}

/** Puts a button with an explanation to every setting. The explanation describes the field to screen readers, too. */
export function startHelp(): void {
  for (const [id, text] of Object.entries(HELP)) {
    const field = document.getElementById(id)!
    const label = field.querySelector('legend') ?? document.querySelector(`label[for=${id}]`)
    const place = field.closest('.has-help') ?? (field.matches('fieldset') ? field : field.parentElement!)
    const panel = document.createElement('p')
    panel.id = `help-${id}`
    panel.className = 'panel help-panel'
    panel.popover = 'auto'
    panel.textContent = text
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'help'
    button.textContent = '?'
    button.ariaLabel = `About ${label ? label.firstChild!.textContent!.trim() : field.ariaLabel}`
    startPopover(button, panel)
    place.classList.add('has-help')
    place.append(button, panel)
    field.setAttribute('aria-describedby', [field.getAttribute('aria-describedby'), panel.id].filter(Boolean).join(' '))
  }
}
