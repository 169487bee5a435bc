/** What a journey through the pages sees wrong on its way. */
import type { Page } from 'playwright-core'
import { axeFindings, screenshot } from './chromium'

interface Look {
  /** Scrolls sideways, or has a finding of axe, which needs scripts; takes a screenshot where those are wanted. */
  look(name: string): Promise<void>
  /** One line each. */
  readonly findings: readonly string[]
}

export function journeyLook(
  page: Page,
  journey: string,
  options: { readonly javaScript?: boolean; readonly width: number; readonly colorScheme: string },
): Look {
  const findings: string[] = []
  const look = async (name: string) => {
    if (await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth'))
      findings.push(`${name} scrolls sideways`)
    if (options.javaScript !== false)
      for (const finding of await axeFindings(page)) findings.push(`${name}: ${finding}`)
    await screenshot(page, `${journey}-${name}-${options.width}-${options.colorScheme}`)
  }
  return { look, findings }
}
