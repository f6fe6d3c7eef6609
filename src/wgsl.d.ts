declare module '*.wgsl' {
  const shader: import('./gpu/shader').Shader
  export default shader
}
