/** The part of the engine's WebAssembly interface that is used here; Node has it, its type declarations do not. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

export const WASM_PAGE_BYTES = 65_536;

/**
 * Starts a compiled kernel (base64) on memory of its own, at least `bytes` of zeros that never move. The caller names
 * what it exports.
 */
export function startKernel<T>(code: string, bytes: number): { readonly exports: T; readonly memory: ArrayBuffer } {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES) });
  const module = new WebAssembly.Module(Buffer.from(code, "base64"));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { exports: exports as T, memory: memory.buffer };
}
