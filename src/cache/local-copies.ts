/** Values in the memory of this process, bounded in number and size; what was not used for longest goes first. */

interface Copy<V> {
  readonly value: V
  readonly expiresAtMs: number
  readonly bytes: number
}

export interface LocalCopies<V> {
  get(key: string, nowMs: number): V | undefined
  /** `bytes`: about what the value takes. One that does not fit alone is not kept. */
  set(key: string, value: V, expiresAtMs: number, bytes: number): void
  delete(key: string): void
  clear(): void
  readonly size: number
  readonly bytes: number
}

export function createLocalCopies<V>(limits: { readonly entries?: number; readonly bytes?: number }): LocalCopies<V> {
  const { entries = Number.POSITIVE_INFINITY, bytes: mostBytes = Number.POSITIVE_INFINITY } = limits
  /** In the order of their last use. */
  const copies = new Map<string, Copy<V>>()
  let bytes = 0

  const drop = (key: string): void => {
    const copy = copies.get(key)
    if (!copy) return
    copies.delete(key)
    bytes -= copy.bytes
  }

  return {
    get: (key, nowMs) => {
      const copy = copies.get(key)
      if (!copy) return undefined
      copies.delete(key)
      if (copy.expiresAtMs <= nowMs) {
        bytes -= copy.bytes
        return undefined
      }
      copies.set(key, copy)
      return copy.value
    },
    set: (key, value, expiresAtMs, size) => {
      drop(key)
      if (size > mostBytes) return
      copies.set(key, { value, expiresAtMs, bytes: size })
      bytes += size
      for (const oldest of copies.keys()) {
        if (copies.size <= entries && bytes <= mostBytes) break
        drop(oldest)
      }
    },
    delete: drop,
    clear: () => {
      copies.clear()
      bytes = 0
    },
    get size() {
      return copies.size
    },
    get bytes() {
      return bytes
    },
  }
}
