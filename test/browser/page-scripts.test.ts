/** What the scripts of the pages do in a real browser, and what is left without them. */
import { describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { messagesOf } from '../../views/messages'
import { axeFindings, closePage, pageErrors } from '../support/chromium'
import { suiteNeeds } from '../support/skip'
import { sampleBrowser } from '../views/sample-browser'

/** What stands in for the focused element in a test: name of the field, or words on the button. */
const FOCUSED = `(() => {
  const e = document.activeElement
  return e.name && e.name !== 'action' ? e.name : e.ariaLabel || e.textContent.trim()
})()`

const focused = (page: Page): Promise<string> => page.evaluate<string>(FOCUSED)

async function tabOrder(page: Page, presses: number): Promise<string[]> {
  const order: string[] = []
  for (let i = 0; i < presses; i++) {
    await page.keyboard.press('Tab')
    order.push(await focused(page))
  }
  return order
}

suiteNeeds('chromium')('scripts of the pages in Chromium', () => {
  const usual = sampleBrowser()
  const { open } = usual

  describe('sign in', () => {
    test('keyboard order; the first empty field has the focus', async () => {
      const page = await open('login')
      expect(await focused(page)).toBe('username')
      expect(await tabOrder(page, 4)).toEqual(['password', 'Show password', 'remember_me', 'Sign in'])
      await closePage(page)
    })

    test('the skip link is the first stop of a page without fields and leads to the content', async () => {
      const page = await open('device-confirm')
      expect(await tabOrder(page, 3)).toEqual(['Skip to main content', 'Deny', 'Allow'])
      await page.getByRole('link', { name: 'Skip to main content' }).focus()
      await page.keyboard.press('Enter')
      expect(await page.evaluate<string>('document.activeElement.id')).toBe('main-content')
      await closePage(page)
    })

    test('the password can be shown, and is hidden again before it is sent', async () => {
      const page = await open('login')
      const password = page.getByLabel('Password', { exact: true })
      await password.fill('secret')
      const reveal = page.getByRole('button', { name: 'Show password' })
      await reveal.click()
      expect(await password.getAttribute('type')).toBe('text')
      expect(await reveal.getAttribute('aria-pressed')).toBe('true')
      await page.evaluate(`document.forms[0].addEventListener('submit', (event) => event.preventDefault())`)
      await page.getByLabel('Username').fill('alice')
      await page.getByRole('button', { name: 'Sign in' }).click()
      expect(await password.getAttribute('type')).toBe('password')
      await closePage(page)
    })

    test('caps lock is mentioned while it is on', async () => {
      const page = await open('login')
      const press = (on: boolean) =>
        page.evaluate(
          `document.querySelector('[name=password]').dispatchEvent(new KeyboardEvent('keydown', { key: 'A', modifierCapsLock: ${on} }))`,
        )
      const hint = page.getByText('Caps Lock is on.')
      expect(await hint.isVisible()).toBe(false)
      await press(true)
      expect(await hint.isVisible()).toBe(true)
      await press(false)
      expect(await hint.isVisible()).toBe(false)
      await closePage(page)
    })

    test('without scripts nothing is offered that needs them', async () => {
      const page = await open('login', { javaScript: false })
      expect(await page.getByRole('button').allTextContents()).toEqual(['Sign in', '繁體中文'])
      await closePage(page)
    })
  })

  describe('device code', () => {
    /** The boxes follow the field by events, so they are waited for. */
    const boxesShow = (page: Page, code: string) =>
      page
        .locator('.user-code-boxes')
        .filter({ hasText: new RegExp(`^${code}$`) })
        .waitFor()
    const cursorIsOn = (page: Page, letter: string) =>
      page.locator('[data-box][data-active]').filter({ hasText: letter }).waitFor()

    test.each([
      ['wdjb mjht', 'WDJBMJHT'],
      ['  WDJB-MJHT ', 'WDJBMJHT'],
      ['w-d-j-b', 'WDJB'],
      ['https://example.com/device?user_code=WDJB-MJHT&x=1', 'WDJBMJHT'],
      ['WDJBMJHTXYZ', 'WDJBMJHT'],
    ])('pasting %j fills the boxes', async (pasted, code) => {
      const page = await open('device-entry')
      await page.evaluate(`document.execCommand('insertText', false, ${JSON.stringify(pasted)})`)
      await boxesShow(page, code)
      expect(await page.locator('[name=user_code]').inputValue()).toBe(code)
      await closePage(page)
    })

    test('typing works at once, and a letter in the middle can be replaced', async () => {
      const page = await open('device-entry')
      await page.keyboard.type('wdjb-mjh')
      await boxesShow(page, 'WDJBMJH')
      for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft')
      await page.keyboard.press('Backspace')
      await page.keyboard.type('q')
      await boxesShow(page, 'WQJBMJH')
      await cursorIsOn(page, 'J')
      await closePage(page)
    })

    test('a code that the link brought is ready to send', async () => {
      const page = await open('device-entry-filled')
      await boxesShow(page, 'WDJBMJHT')
      expect(await focused(page)).toBe('user_code')
      await cursorIsOn(page, 'T')
      await closePage(page)
    })

    test('without scripts it is one plain field', async () => {
      const page = await open('device-entry-filled', { javaScript: false })
      expect(await page.locator('.user-code-boxes').isVisible()).toBe(false)
      const field = page.getByLabel('Code')
      expect(await field.inputValue()).toBe('WDJB-MJHT')
      expect(
        await page.evaluate<string>(`getComputedStyle(document.querySelector('[name=user_code]')).color`),
      ).not.toBe('rgba(0, 0, 0, 0)')
      await closePage(page)
    })

    test('Allow and Deny are of equal size', async () => {
      for (const width of [320, 1280]) {
        const page = await open('device-confirm', { width })
        const allow = await page.getByRole('button', { name: 'Allow' }).boundingBox()
        const deny = await page.getByRole('button', { name: 'Deny' }).boundingBox()
        expect([allow?.width, allow?.height, allow?.y]).toEqual([deny?.width, deny?.height, deny?.y])
        await closePage(page)
      }
    })

    test('a second press sends nothing', async () => {
      const page = await open('device-confirm')
      await page.evaluate(`window.sent = 0; document.forms[0].addEventListener('submit', (event) => {
        if (!event.defaultPrevented) window.sent++
        event.preventDefault()
      })`)
      await page.evaluate(`document.querySelectorAll('button').forEach((b) => { b.click(); b.click() })`)
      expect(await page.evaluate<number>('window.sent')).toBe(1)
      await closePage(page)
    })
  })

  describe('after Allow', () => {
    test.each([
      ['signed_in', 'Signed in', 'is signed in as'],
      ['denied', 'Denied', 'did not get access'],
      ['expired', 'Nobody collected the sign-in', 'was not signed in'],
    ])(
      'the page shows that the state is %s',
      async (state, heading, words) => {
        usual.server.deviceState = 'waiting'
        const page = await open('device-done')
        const errors = pageErrors(page)
        await page.getByRole('heading', { name: 'Allowed' }).waitFor()
        usual.server.deviceState = state
        await page.getByRole('heading', { name: heading }).waitFor({ timeout: 10_000 })
        await page.getByText('You can close this window').waitFor()
        await page.getByText(words).waitFor()
        expect(await page.title()).toBe(`${heading} - AuthGate`)
        expect(await axeFindings(page)).toEqual([])
        expect(errors).toEqual([])
        const asked = usual.server.requested.length
        await page.waitForTimeout(2500)
        expect(usual.server.requested.length).toBe(asked)
        await closePage(page)
      },
      30_000,
    )

    test('without scripts it stays true: allowed, and the window can be closed', async () => {
      const page = await open('device-done', { javaScript: false })
      await page.getByRole('heading', { name: 'Allowed' }).waitFor()
      expect(await page.getByRole('heading').count()).toBe(1)
      await page.getByText('You can close this window').waitFor()
      await closePage(page)
    })
  })

  describe('sessions', () => {
    test('taking access back asks first, with the way out in focus; Escape leaves everything', async () => {
      const page = await open('sessions')
      const revoke = page.getByRole('button', { name: 'Revoke access of Nightly backup' })
      await revoke.click()
      const dialog = page.getByRole('dialog', { name: 'Revoke access of Nightly backup?' })
      await dialog.waitFor()
      expect(await page.evaluate('document.querySelector("dialog:modal") !== null')).toBe(true)
      expect(await focused(page)).toBe('Cancel')
      for (let i = 0; i < 4; i++) {
        await page.keyboard.press('Tab')
        expect(
          await page.evaluate<boolean>(
            `document.activeElement === document.body || document.activeElement.closest('dialog') !== null`,
          ),
        ).toBe(true)
      }
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'hidden' })
      expect(await focused(page)).toBe('Revoke access of Nightly backup')
      await closePage(page)
    })

    test('without scripts it asks too', async () => {
      const page = await open('sessions', { javaScript: false })
      await page.getByRole('button', { name: 'Revoke access of Nightly backup' }).click()
      const dialog = page.getByRole('dialog', { name: 'Revoke access of Nightly backup?' })
      await dialog.getByRole('button', { name: 'Cancel' }).click()
      await dialog.waitFor({ state: 'hidden' })
      await page.getByRole('button', { name: 'Revoke access of Nightly backup' }).click()
      const sent = page.waitForRequest((request) => request.method() === 'POST')
      await dialog.getByRole('button', { name: 'Revoke access' }).click()
      expect(new URL((await sent).url()).pathname).toBe('/account/sessions/g1/revoke')
      await closePage(page)
    })

    test('moments are relative, with the exact time on hover', async () => {
      const page = await open('sessions')
      const signedIn = page.locator('tbody tr').first().locator('time').first()
      expect(await signedIn.textContent()).toMatch(/^\d+ minutes ago$/)
      expect(await signedIn.getAttribute('title')).toMatch(/20\d\d/)
      await closePage(page)
    })

    test('rows and cells keep their roles where they are laid out as blocks', async () => {
      const page = await open('sessions', { width: 390 })
      const table = page.getByRole('table', { name: 'Browser sessions' })
      expect(await table.getByRole('row').count()).toBe(4)
      expect(await table.getByRole('rowheader').count()).toBe(3)
      await closePage(page)
    })

    test('the account menu opens without scripts', async () => {
      const page = await open('sessions', { javaScript: false })
      await page.locator('summary').click()
      expect(await page.getByRole('link', { name: 'Sign out' }).isVisible()).toBe(true)
      await closePage(page)
    })
  })

  test('a value is copied by its button, on plain http too', async () => {
    const page = await open('error')
    await page.getByRole('button', { name: 'Copy request id' }).click()
    await page.getByText('Copied', { exact: true }).waitFor()
    await closePage(page)
  })

  describe('on pages in Traditional Chinese', () => {
    const chinese = sampleBrowser({ frame: { language: 'zh-TW', t: messagesOf('zh-TW') } })

    test('the scripts speak the language of the page', async () => {
      const sessions = await chinese.open('sessions')
      const signedIn = sessions.locator('tbody tr').first().locator('time').first()
      expect(await signedIn.textContent()).toMatch(/^\d+ 分鐘前$/)
      await closePage(sessions)
      const page = await chinese.open('error')
      await page.getByRole('button', { name: '切換為深色模式' }).waitFor()
      await page.getByRole('button', { name: '複製請求編號' }).click()
      await page.getByText('已複製', { exact: true }).waitFor()
      await closePage(page)
      const confirm = await chinese.open('device-confirm')
      expect(await confirm.locator('time[data-countdown]').first().textContent()).toMatch(/後$/)
      await closePage(confirm)
    })

    test('no accessibility finding', async () => {
      const findings: string[] = []
      for (const name of ['login', 'device-confirm', 'sessions', 'error']) {
        const page = await chinese.open(name)
        for (const finding of await axeFindings(page)) findings.push(`${name}: ${finding}`)
        await closePage(page)
      }
      expect(findings).toEqual([])
    })
  })
})
