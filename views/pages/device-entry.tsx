import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Form } from '../components/field'
import { Icon } from '../components/icon'
import { FocusPage } from '../components/page'
import { SignedInAs } from '../components/signed-in-as'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface DeviceEntryProps {
  /** Typed before, or from the link on the device; only shown, never looked up before it is sent. */
  readonly userCode: string
  readonly error?: string
}

const boxes = [0, 1, 2, 3, 4, 5, 6, 7]

export function deviceEntryPage(frame: PageFrame, { userCode, error }: DeviceEntryProps): JSX.Element {
  const t = frame.t.device
  return (
    <FocusPage frame={frame} title={t.entryTitle} footer={<SignedInAs frame={frame} />}>
      <Card>
        <div class="mb-6 text-center">
          <h1 class="page-title">{t.entryTitle}</h1>
          <p class="mt-1 text-sm text-muted">{t.entryText}</p>
        </div>
        <Form action={`${frame.basePath}/device/verify`} token={frame.csrfToken} class="grid gap-5">
          <div>
            <label class="sr-only" for="user_code">
              {t.code}
            </label>
            <div class="user-code" data-user-code>
              <input
                id="user_code"
                class="field-input user-code-input"
                name="user_code"
                type="text"
                value={userCode}
                placeholder="XXXX-XXXX"
                maxlength="32"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                enterkeyhint="go"
                autofocus
                required
                aria-invalid={error ? 'true' : undefined}
                aria-describedby={error ? 'user_code-error' : undefined}
              />
              <div class="user-code-boxes" aria-hidden="true">
                {boxes.map((i) => (
                  <>
                    {i === 4 && <span class="user-code-dash" />}
                    <span class="user-code-box" data-box />
                  </>
                ))}
              </div>
            </div>
            {error && (
              <p id="user_code-error" class="field-error justify-center" role="alert">
                <Icon name="circle-alert" class="mt-0.5 size-4" />
                <span>{error}</span>
              </p>
            )}
          </div>
          <SubmitButton wide>{t.continue}</SubmitButton>
        </Form>
      </Card>
    </FocusPage>
  )
}
