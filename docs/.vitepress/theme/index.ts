import { defineClientComponent, type Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
// After the theme, whose rules they change.
import 'katex/dist/katex.min.css'
import './style.css'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component(
      'LiveChain',
      defineClientComponent(() => import('./LiveChain.vue')),
    )
  },
} satisfies Theme
