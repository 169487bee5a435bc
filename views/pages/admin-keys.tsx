import { AdminPage } from '../components/admin-page'
import { Badge } from '../components/badge'
import { SubmitButton } from '../components/button'
import { Section } from '../components/card'
import { Form } from '../components/field'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export interface KeyView {
  readonly state: 'active' | 'next' | 'retiring' | 'accepted'
  readonly algorithm: string
  readonly kid: string | undefined
  readonly thumbprint: string | undefined
  readonly publishedAt: Date | undefined
  readonly signedSince: Date | undefined
  readonly neededUntil: Date | undefined
}

export interface AdminKeysProps {
  readonly keys: readonly KeyView[]
  /** A secret of the settings signs. */
  readonly symmetric: boolean
  /** Some key comes from a file, which may have changed. */
  readonly reloadable: boolean
}

const TONES = { active: 'good', next: 'accent', retiring: 'warning', accepted: 'neutral' } as const

export function adminKeysPage(frame: PageFrame, { keys, symmetric, reloadable }: AdminKeysProps): JSX.Element {
  const t = frame.t.adminKeys
  return (
    <AdminPage
      frame={frame}
      title={t.title}
      text={t.text}
      action={
        reloadable && (
          <Form action={`${frame.basePath}/admin/keys/reload`} token={frame.csrfToken}>
            <SubmitButton look="plain">{t.reloadNow}</SubmitButton>
          </Form>
        )
      }
    >
      <Table caption={t.title} columns={columns(frame)} rows={keys} />
      <Section id="rotation" title={t.rotation}>
        <div class="panel panel-padded grid gap-3 text-sm">
          {symmetric ? (
            <p class="max-w-prose">{t.symmetricText}</p>
          ) : (
            <>
              <p>{t.commandsText}</p>
              <dl class="grid gap-2">
                {Object.entries(t.commands).map(([command, text]) => (
                  <div class="flex flex-wrap gap-x-3">
                    <dt>
                      <code class="font-mono text-xs">{command}</code>
                    </dt>
                    <dd class="text-muted">{text}</dd>
                  </div>
                ))}
              </dl>
              <p class="text-muted">{t.reload}</p>
            </>
          )}
        </div>
      </Section>
    </AdminPage>
  )
}

function columns(frame: PageFrame): readonly Column<KeyView>[] {
  const t = frame.t.adminKeys
  return [
    {
      title: 'kid',
      heads: true,
      cell: ({ kid, state, thumbprint }) => (
        <>
          <span class={kid === undefined ? undefined : 'font-mono text-xs break-all'}>
            {kid ?? (state === 'active' ? t.secret : t.formerSecret)}
          </span>
          {thumbprint && (
            <p class="mt-0.5 text-xs font-normal text-muted">
              {t.thumbprint} <span class="font-mono break-all">{thumbprint}</span>
            </p>
          )}
        </>
      ),
    },
    {
      title: t.columns.state,
      cell: ({ state }) => (
        <Badge whole tone={TONES[state]}>
          {t.states[state]}
        </Badge>
      ),
    },
    { title: t.columns.algorithm, cell: ({ algorithm }) => algorithm },
    {
      title: t.columns.published,
      cell: ({ publishedAt }) =>
        publishedAt ? <Time at={publishedAt} /> : <span class="text-muted">{t.unknown}</span>,
    },
    {
      title: t.columns.signs,
      cell: ({ signedSince, state }) =>
        signedSince ? (
          <Time at={signedSince} />
        ) : (
          <span class="text-muted">{state === 'next' ? t.never : t.unknown}</span>
        ),
    },
    {
      title: t.columns.next,
      cell: ({ state, neededUntil }) =>
        neededUntil ? (
          <span>
            {t.neededUntil} <Time at={neededUntil} />
          </span>
        ) : (
          <span class="wrap-anywhere">{t.notes[state]}</span>
        ),
    },
  ]
}
