import { Alert } from '../components/alert'
import { Badge } from '../components/badge'
import { OpenButton } from '../components/button'
import { Card, Section } from '../components/card'
import { Confirm } from '../components/confirm'
import { Empty } from '../components/empty'
import { Hidden, TextField } from '../components/field'
import { AccountPage } from '../components/page'
import { PasskeyForm } from '../components/passkey-form'
import { type Column, Table } from '../components/table'
import { Time } from '../components/time'
import type { PageFrame } from '../frame'
import { Html } from '../html'
import type { Messages } from '../messages'

export interface PasskeyView {
  readonly id: string
  readonly name: string
  /** May be on several devices. */
  readonly synced: boolean
  readonly addedAt: Date
  readonly lastUsedAt: Date | undefined
  /** Nothing else lets its owner in. */
  readonly onlyWay: boolean
}

export interface AccountPasskeysProps {
  readonly passkeys: readonly PasskeyView[]
  /** Where to go on once there is one; empty: nowhere. */
  readonly redirect: string
  /** The server asks for a second factor before anything else. */
  readonly required: boolean
  readonly most: number
  readonly longestName: number
  /** Another passkey can be added. */
  readonly offered: boolean
  /** A directory decides about this account. */
  readonly managedElsewhere: boolean
}

const HERE = '/account/security/passkeys'

export function accountPasskeysPage(frame: PageFrame, props: AccountPasskeysProps): JSX.Element {
  const { passkeys, required, most, offered, managedElsewhere } = props
  const t = frame.t.passkeys
  const isFull = passkeys.length >= most
  return (
    <AccountPage
      frame={frame}
      title={t.title}
      text={t.text}
      crumbs={[{ label: frame.t.account.tab.security, path: '/account/security' }]}
    >
      {required && <Alert tone="info">{frame.t.security.enrolRequired}</Alert>}
      <Section id="yours" title={t.yours} {...(passkeys.length > 0 && { text: t.count(passkeys.length, most) })}>
        {passkeys.length === 0 ? (
          <Empty icon="key-round" title={t.none} text={managedElsewhere ? t.managedElsewhere : t.noneText} />
        ) : (
          <Table caption={t.yours} columns={columns(frame.t)} rows={passkeys} />
        )}
      </Section>
      {offered && (
        <Section id="add" title={t.add} text={isFull ? t.full : t.addText}>
          {!isFull && <AddForm frame={frame} {...props} />}
        </Section>
      )}
      {passkeys.map((passkey) => (
        <Dialogs frame={frame} passkey={passkey} longestName={props.longestName} />
      ))}
    </AccountPage>
  )
}

const AddForm = ({ frame, redirect, longestName }: { frame: PageFrame } & AccountPasskeysProps) => {
  const here = redirect === '' ? HERE : `${HERE}?${new URLSearchParams({ redirect })}`
  return (
    <Card class="max-w-xl">
      <p class="text-sm text-muted" data-without-passkeys>
        {frame.t.passkeys.needsScripts}
      </p>
      <PasskeyForm
        create
        action={frame.basePath + HERE}
        options={`${frame.basePath}${HERE}/options`}
        first={`${frame.basePath}/account/confirm?${new URLSearchParams({ redirect: here })}`}
        token={frame.csrfToken}
        label={frame.t.passkeys.add}
        fields={
          <div class="mb-5">
            <Hidden name="redirect" value={redirect} />
            <TextField
              name="name"
              label={frame.t.passkeys.name}
              hint={frame.t.passkeys.nameHint}
              autocomplete="off"
              maxLength={longestName}
            />
          </div>
        }
      />
    </Card>
  )
}

function columns(t: Messages): readonly Column<PasskeyView>[] {
  const text = t.passkeys
  return [
    {
      title: text.columns.name,
      heads: true,
      cell: ({ name, onlyWay }) => (
        <div class="flex flex-wrap items-center gap-2">
          <span class="wrap-anywhere">{name}</span>
          {onlyWay && <Badge>{text.onlyWay}</Badge>}
        </div>
      ),
    },
    { title: text.columns.kind, cell: ({ synced }) => (synced ? text.synced : text.onDevice) },
    { title: text.columns.added, cell: ({ addedAt }) => <Time at={addedAt} /> },
    { title: text.columns.lastUsed, cell: ({ lastUsedAt }) => (lastUsedAt ? <Time at={lastUsedAt} /> : text.never) },
    {
      title: text.columns.actions,
      actions: true,
      cell: ({ id, name, onlyWay }) => (
        <div class="flex flex-wrap gap-2">
          <OpenButton look="plain" small dialog={`rename-${id}`} describes={text.renameOf(name)}>
            {text.rename}
          </OpenButton>
          {!onlyWay && (
            <OpenButton look="plain" small dialog={`delete-${id}`} describes={text.deleteOf(name)}>
              {text.delete}
            </OpenButton>
          )}
        </div>
      ),
    },
  ]
}

const Dialogs = (props: { frame: PageFrame; passkey: PasskeyView; longestName: number }) => {
  const { frame, passkey, longestName } = props
  const { id, name, onlyWay } = passkey
  const t = frame.t.passkeys
  const action = `${frame.basePath}${HERE}/${encodeURIComponent(id)}`
  const common = { t: frame.t, token: frame.csrfToken }
  return (
    <>
      <Confirm
        {...common}
        id={`rename-${id}`}
        title={t.renameOf(name)}
        action={`${action}/rename`}
        confirmLabel={t.rename}
        look="primary"
        fields={
          <div class="w-full">
            <label class="field-label" for={`name-${id}`}>
              {t.newName}
            </label>
            <input
              id={`name-${id}`}
              class="field-input"
              name="name"
              value={name}
              maxlength={longestName}
              autocomplete="off"
              required
            />
          </div>
        }
      />
      {!onlyWay && (
        <Confirm
          {...common}
          id={`delete-${id}`}
          title={t.deleteTitle(name)}
          action={`${action}/delete`}
          confirmLabel={t.delete}
        >
          {t.deleteText}
        </Confirm>
      )}
    </>
  )
}
