/** The package's main entry cannot be loaded by Node: it is CommonJS in a package of type module (1.6.0). */
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect'
}
