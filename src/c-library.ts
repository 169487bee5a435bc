/** The C library of this system, for the few things the runtime does not offer. */
import { dlopen, type FFIFunction } from 'bun:ffi'

const NAMES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`]

/** Throws when it cannot be used. */
export function openCLibrary<Functions extends Record<string, FFIFunction>>(functions: Functions) {
  let problem: unknown
  for (const name of NAMES) {
    try {
      return dlopen(name, functions).symbols
    } catch (error) {
      problem = error
    }
  }
  throw problem
}
