import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { wgsl } from '../../scripts/wgsl_plugin.ts'
import { apiSidebar } from './api_sidebar.ts'
import { flowchart } from './markdown/flowchart.ts'
import { mathLinks, repositoryLinks, slugify } from './markdown/links.ts'
import { math } from './markdown/math.ts'
import { pictures } from './markdown/pictures.ts'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const { version, repository } = JSON.parse(readFileSync(path('../../package.json'), 'utf8'))
const repositoryUrl: string | undefined = (repository?.url ?? repository)?.replace(/^git\+|\.git$/g, '')
const icon = readFileSync(path('../../demo/public/favicon.svg'), 'utf8')

export default defineConfig({
  title: 'vq-diffusion-webgpu',
  description: 'Samples VQ-Diffusion models in the browser, with WebGPU',
  lang: 'en',
  // Where the site is published: the studio is at the root, the documentation below it.
  base: process.env.DOCS_BASE ?? '/docs/',
  outDir: '../dist/docs',
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  markdown: {
    anchor: { slugify },
    config(md) {
      math(md)
      pictures(md)
      flowchart(md)
      repositoryLinks(md, repositoryUrl)
      mathLinks(md)
    },
  },
  vite: {
    resolve: {
      alias: {
        'vq-diffusion-webgpu/cpu': path('../../src/cpu.ts'),
        'vq-diffusion-webgpu': path('../../src/index.ts'),
      },
    },
    plugins: [wgsl() as never],
    build: { target: 'es2022', chunkSizeWarningLimit: 1500 },
    server: { fs: { allow: [path('../..')] } },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/getting-started', activeMatch: '^/(?!api/|MATH|ARCHITECTURE)' },
      { text: 'Mathematics', link: '/MATH' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: version, items: [{ text: 'Architecture', link: '/ARCHITECTURE' }] },
    ],
    sidebar: {
      '/api/': apiSidebar(),
      '/': [
        {
          text: 'Guide',
          items: [
            { text: 'Overview', link: '/' },
            { text: 'Getting started', link: '/getting-started' },
            { text: 'Concepts', link: '/concepts' },
            { text: 'Coming from diffusers', link: '/diffusers' },
            { text: 'Recipes', link: '/recipes' },
            { text: 'Performance', link: '/performance' },
            { text: 'Quality', link: '/quality' },
            { text: 'Bring your model', link: '/bring-your-model' },
            { text: 'Your own model', link: '/own-model' },
          ],
        },
        {
          text: 'Reference',
          items: [
            { text: 'API', link: '/api/' },
            { text: 'Mathematics', link: '/MATH' },
            { text: 'Shaders', link: '/SHADERS' },
            { text: 'Architecture', link: '/ARCHITECTURE' },
            { text: 'The package', link: '/PACKAGE' },
          ],
        },
      ],
    },
    ...(repositoryUrl && { socialLinks: [{ icon: 'github', link: repositoryUrl }] }),
  },
})
