// The default, 'iife', allows no dynamic imports, and onnxruntime-web has one.
export default { worker: { format: 'es' } }
