import { describe, test } from 'bun:test'
import { takeOver } from '../../src/takeover/take-over'
import { openTestApp } from '../support/app'
import { testSettings } from '../support/settings'
import { deploymentCopies } from './copies'
import { openedWith } from './support'
import { expectEverythingWorks, subjectOf } from './works'

describe.each(deploymentCopies)('the database of a real deployment on %s', (_name, open) => {
  test('works with rotation of refresh tokens too: what was live is rotated, what was rotated out stays dead', async () => {
    const copy = await open()
    const { facts } = copy
    const settings = { ...facts.settings, ...copy.settings, ENABLE_TOKEN_ROTATION: 'true' }
    const nowMs = Date.parse(facts.madeAt) + 120_000
    await takeOver({ settings: testSettings(settings), tell: () => {}, nowMs })
    const app = await openTestApp({ settings, open: openedWith(settings), nowMs })
    try {
      await expectEverythingWorks(subjectOf(app), facts)
    } finally {
      await app.close()
      await copy.remove()
    }
  }, 60_000)
})
