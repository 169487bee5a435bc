/** Where commands print; values of settings may be in it, so control characters are shown as escapes, as JSON has them. */
import { writeSync } from 'node:fs'

export interface Output {
  /** A line on standard output. */
  out(line: string): void
  /** A line on standard error. */
  error(line: string): void
}

const visible = (line: string): string =>
  line.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Written at once, also when the process ends right afterwards. A reader that went away is not missed. */
function print(descriptor: 1 | 2, text: string): void {
  let bytes = Buffer.from(text)
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes))
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') return
    }
  }
}

export const terminal: Output = {
  out: (line) => print(1, `${visible(line)}\n`),
  error: (line) => print(2, `${visible(line)}\n`),
}
