import type { PageFrame } from '../frame'
import { Html } from '../html'
import { Badge } from './badge'
import { type Column, Table } from './table'
import { Time } from './time'

export interface SignInView {
  readonly id: string
  readonly at: Date
  readonly kind: 'signedIn' | 'refused' | 'confirmed' | 'signedOut'
  readonly device: string
  readonly ip: string
}

const TONES = { signedIn: 'good', refused: 'bad', confirmed: 'good', signedOut: 'neutral' } as const

/** Sign-ins of one person, as they are told about them. */
export function SignIns({ frame, signIns }: { frame: PageFrame; signIns: readonly SignInView[] }) {
  const t = frame.t.account.activity
  const columns: readonly Column<SignInView>[] = [
    { title: t.columns.event, heads: true, cell: ({ kind }) => <Badge tone={TONES[kind]}>{t.kinds[kind]}</Badge> },
    { title: t.columns.device, cell: ({ device }) => <span class="wrap-anywhere">{device}</span> },
    { title: t.columns.address, cell: ({ ip }) => <span class="break-all">{ip || '—'}</span> },
    { title: t.columns.time, cell: ({ at }) => <Time at={at} /> },
  ]
  return <Table caption={t.title} columns={columns} rows={signIns} />
}
