/** Kills the server under load and counts acknowledged rows that are missing after a restart. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { firstUserAndClient, startSubject } from './subject'

const ROUNDS = 5
const CALLERS = 64
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

export interface Durability {
  rounds: number
  acknowledged: number
  lost: number
  perSecond: number
}

export async function countLostAfterKill(binary: string, folder: string, port: number): Promise<Durability> {
  mkdirSync(folder, { recursive: true })
  const acknowledged: string[] = []
  let loadMs = 0
  let clientId = ''
  for (let round = 0; round < ROUNDS; round += 1) {
    const subject = await startSubject(binary, folder, port)
    clientId ||= (await firstUserAndClient(join(folder, 'oauth.db'))).clientId
    let killed = false
    const caller = async () => {
      while (!killed) {
        const body = new URLSearchParams({ client_id: clientId })
        const answer = await fetch(`${subject.url}/oauth/device/code`, { method: 'POST', body }).catch(() => undefined)
        if (!answer?.ok) continue
        const { device_code } = (await answer.json().catch(() => ({}))) as { device_code?: string }
        if (device_code) acknowledged.push(device_code)
      }
    }
    const began = performance.now()
    const callers = Array.from({ length: CALLERS }, caller)
    await Bun.sleep(700 + Math.random() * 600)
    loadMs += performance.now() - began
    await subject.stop('SIGKILL')
    killed = true
    await Promise.all(callers)
  }
  const subject = await startSubject(binary, folder, port)
  let lost = 0
  for (let at = 0; at < acknowledged.length; at += CALLERS) {
    const answers = acknowledged.slice(at, at + CALLERS).map(async (deviceCode) => {
      const body = new URLSearchParams({ grant_type: DEVICE_GRANT, device_code: deviceCode, client_id: clientId })
      const answer = await fetch(`${subject.url}/oauth/token`, { method: 'POST', body })
      const { error } = (await answer.json()) as { error?: string }
      return error === 'authorization_pending'
    })
    lost += (await Promise.all(answers)).filter((there) => !there).length
  }
  await subject.stop()
  return { rounds: ROUNDS, acknowledged: acknowledged.length, lost, perSecond: acknowledged.length / (loadMs / 1000) }
}
