import { Alert } from '../components/alert'
import { Badge } from '../components/badge'
import { SubmitButton } from '../components/button'
import { Card } from '../components/card'
import { Select } from '../components/choice'
import { type Fact, Facts } from '../components/facts'
import { Form, TextField } from '../components/field'
import { AccountPage } from '../components/page'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import { LANGUAGES, type Language } from '../messages'

export interface AccountProfileProps {
  readonly username: string
  readonly email: string
  readonly emailVerified: boolean
  readonly fullName: string
  /** Undefined: as the browser prefers. */
  readonly language: Language | undefined
  /** A directory decides about the name. */
  readonly managedElsewhere: boolean
  readonly problem?: 'tooLong' | 'changed' | undefined
}

const LONGEST_NAME = 255

export function accountProfilePage(frame: PageFrame, props: AccountProfileProps): JSX.Element {
  const { username, email, emailVerified, fullName, language, managedElsewhere, problem } = props
  const t = frame.t.account.profile
  const facts: readonly Fact[] = [
    { name: t.username, value: username },
    {
      name: t.email,
      value: (
        <span class="flex flex-wrap items-center gap-2">
          <span class="break-all">{email}</span>
          <Badge tone={emailVerified ? 'good' : 'neutral'}>{emailVerified ? t.verified : t.unverified}</Badge>
        </span>
      ),
    },
  ]
  return (
    <AccountPage frame={frame} title={t.title} text={t.text}>
      <div class="grid max-w-2xl gap-6">
        <Card>
          <Facts rows={facts} />
          <p class="mt-3 text-sm text-muted">{t.fixed}</p>
        </Card>
        <Card>
          <Form action={`${frame.basePath}/account/profile`} token={frame.csrfToken} class="grid gap-5">
            {problem === 'changed' && <Alert tone="error">{t.changed}</Alert>}
            {managedElsewhere ? (
              <div>
                <p class="field-label">{t.name}</p>
                <p class="text-sm wrap-anywhere">{fullName || '—'}</p>
                <p class="field-hint">{t.managedElsewhere}</p>
              </div>
            ) : (
              <TextField
                name="full_name"
                label={t.name}
                autocomplete="name"
                value={fullName}
                maxLength={LONGEST_NAME}
                hint={t.nameHint}
                optional
                {...(problem === 'tooLong' && { error: t.tooLong })}
              />
            )}
            <Select
              name="language"
              label={t.language}
              value={language ?? ''}
              options={[
                { value: '', label: t.browserLanguage },
                ...LANGUAGES.map((each) => ({ value: each, label: frame.t.layout.languageNames[each] })),
              ]}
            />
            <div>
              <SubmitButton>{t.save}</SubmitButton>
            </div>
          </Form>
        </Card>
      </div>
    </AccountPage>
  )
}
