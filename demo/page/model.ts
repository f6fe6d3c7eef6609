import { computed, type Signal, signal } from '@preact/signals-core'
import { Process } from 'vq-diffusion-webgpu'
import type { Model } from '../model/model'
import { STICKERS } from '../model/stickers'

/** The model that draws. Changes only when another one is open, with everything that was drawn by the one before put away. */
export const model: Signal<Model> = signal(STICKERS)

/** Stands for a model of which nothing is known yet but its name. */
export function unknownModel(name: string): Model {
  return {
    ...STICKERS,
    name,
    isStickers: false,
    isUnknown: true,
    condition: 'none',
    hasAlpha: false,
    hasEncoder: false,
  }
}

/** The process of its schedule. */
export const process = computed(() => new Process(model.value.scheduler))
