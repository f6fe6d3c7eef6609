import 'katex/dist/katex.min.css'
import './style.css'
import { defineClientComponent, type Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component(
      'LiveChain',
      defineClientComponent(() => import('./LiveChain.vue')),
    )
  },
} satisfies Theme
