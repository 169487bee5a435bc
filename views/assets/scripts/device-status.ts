/** The page after "Allow": asks until the device has collected its sign-in, and shows what became of it. */

const FIRST_SECONDS = 30
const QUICK_MS = 2000
const SLOW_MS = 5000

interface Status {
  state?: unknown
}

/** `undefined` when the server cannot tell now; `ended` when it will not tell any more. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { headers: { accept: 'application/json' }, credentials: 'same-origin' })
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return 'ended'
    if (!answer.ok) return undefined
    const { state } = (await answer.json()) as Status
    return typeof state === 'string' ? state : undefined
  } catch {
    return undefined
  }
}

function show(box: HTMLElement, state: string): void {
  let heading = ''
  for (const part of document.querySelectorAll<HTMLElement>('[data-when]')) {
    part.hidden = !(part.dataset.when ?? '').split(' ').includes(state)
    if (part.tagName === 'H1' && !part.hidden) heading = part.textContent ?? ''
  }
  box.dataset.state = state
  document.title = document.title.replace(/^.*?(?= - )/, heading)
}

export function deviceStatus(): void {
  const box = document.querySelector<HTMLElement>('[data-device-status]')
  const url = box?.dataset.deviceStatus
  if (!box || !url) return
  const started = Date.now()
  const expires = Date.parse(box.dataset.expires ?? '')
  let timer: ReturnType<typeof setTimeout> | undefined

  const next = () => {
    clearTimeout(timer)
    timer = setTimeout(check, Date.now() - started < FIRST_SECONDS * 1000 ? QUICK_MS : SLOW_MS)
  }
  const check = async () => {
    if (document.hidden) return
    const state = await ask(url)
    if (state === 'ended') return
    if (state === 'signed_in' || state === 'denied' || state === 'expired') return show(box, state)
    if (Date.now() > expires + SLOW_MS) return show(box, 'expired')
    next()
  }
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && box.dataset.state === undefined) next()
  })
  next()
}
