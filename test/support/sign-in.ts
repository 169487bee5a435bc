/** What a person does at the browser during a device login. */
import type { Page } from 'playwright-core'

export const NEW_PASSWORD = 'a-long-test-passphrase-7'

/**
 * Opens the device page, signs in as the seeded administrator (choosing a new password when asked), and allows.
 * Ends on the page that says the device was approved.
 */
export async function signInAndApprove(page: Page, deviceUrl: string, password: string): Promise<void> {
  await page.goto(deviceUrl)
  await signIn(page, password)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
}

async function signIn(page: Page, password: string): Promise<void> {
  await page.locator('input[name=username]').fill('admin')
  await page.locator('input[name=password]').fill(password)
  await page.getByRole('button', { name: 'Sign In' }).click()
  if (new URL(page.url()).pathname.endsWith('/change-password')) {
    await page.locator('input[name=password]').fill(NEW_PASSWORD)
    await page.locator('input[name=password_confirm]').fill(NEW_PASSWORD)
    await page.locator('form button[type=submit]').first().click()
  }
}
