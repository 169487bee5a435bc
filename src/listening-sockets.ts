/**
 * Takes a listening socket out of the group that shares its port without losing a connection.
 *
 * The kernel deals new connections out to all sockets of the group, and those that a socket has not accepted yet are
 * reset when it closes. So before it closes it stops being given new ones: a packet filter drops their first packet,
 * which their kernels send again a second later, when the others of the group get it.
 */
import { ptr } from 'bun:ffi'
import { readdirSync } from 'node:fs'
import { openCLibrary } from './c-library'

export interface ListeningSockets {
  /** What `bind` returns, and how to refuse new connections of the sockets that it made listen. */
  whileBinding<T>(bind: () => T): { readonly bound: T; refuseNew(): void }
}

const SOL_SOCKET = 1
const SO_ATTACH_FILTER = 26
const SO_ACCEPTCONN = 30

/** Classic BPF over the TCP header: code, jump if true, jump if false, operand. Drops what is SYN and not ACK. */
const DROP_NEW: readonly (readonly [code: number, ifTrue: number, ifFalse: number, operand: number])[] = [
  [0x30, 0, 0, 13],
  [0x54, 0, 0, 0x12],
  [0x15, 0, 1, 0x02],
  [0x06, 0, 0, 0],
  [0x06, 0, 0, 0xffffffff],
]

/** Where the kernel or the C library lacks what it takes, connections are closed as they come. */
const WITHOUT: ListeningSockets = { whileBinding: (bind) => ({ bound: bind(), refuseNew: () => {} }) }

export function openListeningSockets(): ListeningSockets {
  if (process.platform !== 'linux') return WITHOUT
  try {
    return linuxSockets()
  } catch {
    return WITHOUT
  }
}

function linuxSockets(): ListeningSockets {
  const { getsockopt, setsockopt } = openCLibrary({
    getsockopt: { args: ['int', 'int', 'int', 'ptr', 'ptr'], returns: 'int' },
    setsockopt: { args: ['int', 'int', 'int', 'ptr', 'u32'], returns: 'int' },
  })
  const isListening = (descriptor: number): boolean => {
    const answer = new Int32Array(1)
    const length = new Uint32Array([answer.byteLength])
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, answer, length) === 0 && answer[0] === 1
  }
  const listening = () => readdirSync('/proc/self/fd').map(Number).filter(isListening)

  return {
    whileBinding: (bind) => {
      const before = new Set(listening())
      const bound = bind()
      const made = listening().filter((descriptor) => !before.has(descriptor))
      const refuseNew = () => {
        const { program } = filterProgram()
        for (const descriptor of made) setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length)
      }
      return { bound, refuseNew }
    },
  }
}

/** `struct sock_fprog` and what it points to, which has to live as long. */
function filterProgram() {
  const instructions = Buffer.alloc(8 * DROP_NEW.length)
  for (const [index, [code, ifTrue, ifFalse, operand]] of DROP_NEW.entries()) {
    instructions.writeUInt16LE(code, index * 8)
    instructions.writeUInt8(ifTrue, index * 8 + 2)
    instructions.writeUInt8(ifFalse, index * 8 + 3)
    instructions.writeUInt32LE(operand, index * 8 + 4)
  }
  const program = Buffer.alloc(16)
  program.writeUInt16LE(DROP_NEW.length, 0)
  program.writeBigUInt64LE(BigInt(ptr(instructions)), 8)
  return { program, instructions }
}
