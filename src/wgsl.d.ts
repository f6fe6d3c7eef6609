declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  /** Resolves `#if ${value}` … `#elif ${value}` … `#else` … `#endif` in WGSL text. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string
}

declare module '*.wgsl' {
  const shader: import('./gpu/shader').Shader
  export default shader
}
