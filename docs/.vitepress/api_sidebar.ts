import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DefaultTheme } from 'vitepress'

const api = fileURLToPath(new URL('../api/', import.meta.url))

/** The folders that typedoc makes of a module, in reading order. */
const kinds = [
  ['classes', 'Classes'],
  ['functions', 'Functions'],
  ['interfaces', 'Interfaces'],
  ['type-aliases', 'Types'],
  ['variables', 'Variables'],
] as const

/** The sidebar of the API reference, from the pages that typedoc has written. */
export function apiSidebar(): DefaultTheme.SidebarItem[] {
  return [
    'vq-diffusion-webgpu/onnx',
    'vq-diffusion-webgpu',
    'vq-diffusion-webgpu/cpu',
    'vq-diffusion-webgpu/shaders',
  ].map((module) => ({
    text: module,
    link: `/api/${module}/`,
    items: kinds
      .filter(([folder]) => existsSync(`${api}${module}/${folder}`))
      .map(([folder, text]) => ({
        text,
        collapsed: folder !== 'classes' && folder !== 'functions',
        items: readdirSync(`${api}${module}/${folder}`)
          .map((file) => file.replace(/\.md$/, ''))
          .sort()
          .map((name) => ({ text: name, link: `/api/${module}/${folder}/${name}` })),
      })),
  }))
}
