/** Secrets that are typed or piped in. Never arguments: every user of the machine can read those. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Given } from './command-line'
import { CommandRefusal, type Surroundings } from './run-command'

const LONGEST = 64 * 1024

/** Of an option that names a file, `-` being standard input; without the line end. Throws `CommandRefusal`. */
export async function readSecret(file: string, { cwd, input = readStandardInput }: Surroundings): Promise<string> {
  const text = file === '-' ? await input() : readFile(resolve(cwd, file))
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new CommandRefusal(`${file === '-' ? 'standard input' : file} is empty`)
  if (/[\r\n]/.test(secret)) throw new CommandRefusal(`${file === '-' ? 'standard input' : file} has several lines`)
  return secret
}

/** The password that is to be set; `undefined` when one is to be generated. Throws `CommandRefusal`. */
export async function chosenPassword({ options }: Given, surroundings: Surroundings): Promise<string | undefined> {
  const file = options.get('password-file')
  const prompt = options.has('prompt')
  if (file !== undefined && prompt) throw new CommandRefusal('--prompt and --password-file exclude each other')
  if (file !== undefined) return await readSecret(file, surroundings)
  if (!prompt) return undefined
  if (!process.stdin.isTTY)
    throw new CommandRefusal('--prompt needs a terminal; elsewhere use --password-file, "-" being standard input')
  const [password, again] = await askHidden(['Password: ', 'Again: '])
  if (password !== again) throw new CommandRefusal('the two are not the same')
  return password
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CommandRefusal(`${path} cannot be read: ${(error as { code?: string }).code}`)
  }
}

async function readStandardInput(): Promise<string> {
  const text = await Bun.stdin.text()
  if (text.length > LONGEST) throw new CommandRefusal('standard input is too long')
  return text
}

const INTERRUPTS = new Set(['\u0003', '\u0004'])
const RUB_OUTS = new Set(['\u007f', '\b'])

/** Lines of the terminal that are not shown while they are typed. Throws `CommandRefusal` when it is broken off. */
async function askHidden(questions: readonly string[]): Promise<string[]> {
  const { stdin } = process
  const answers: string[] = []
  let typed: string[] = []
  stdin.setRawMode(true)
  process.stderr.write(questions[0] ?? '')
  try {
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (INTERRUPTS.has(character)) throw new CommandRefusal('broken off')
        if (RUB_OUTS.has(character)) typed.pop()
        else if (character !== '\r' && character !== '\n') typed.push(character)
        else {
          answers.push(typed.join(''))
          typed = []
          process.stderr.write(`\n${questions[answers.length] ?? ''}`)
          if (answers.length === questions.length) return answers
        }
      }
    }
    throw new CommandRefusal('broken off')
  } finally {
    stdin.setRawMode(false)
  }
}
