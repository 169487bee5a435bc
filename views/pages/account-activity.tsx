import { Empty } from '../components/empty'
import type { ListState } from '../components/list-toolbar'
import { AccountPage } from '../components/page'
import { Pager } from '../components/pager'
import { SignIns, type SignInView } from '../components/sign-ins'
import type { PageFrame } from '../frame'
import { Html } from '../html'

export type { SignInView } from '../components/sign-ins'

export interface AccountActivityProps {
  readonly signIns: readonly SignInView[]
  readonly list: {
    readonly state: ListState
    readonly listed: { readonly total: number; readonly page: number; readonly pages: number }
  }
  /** Whether sign-ins are recorded at all. */
  readonly recorded: boolean
}

export function accountActivityPage(frame: PageFrame, { signIns, list, recorded }: AccountActivityProps): JSX.Element {
  const t = frame.t.account.activity
  const { state, listed } = list
  return (
    <AccountPage frame={frame} title={t.title} text={t.text}>
      {signIns.length === 0 ? (
        <Empty icon="clock" title={t.emptyTitle} text={recorded ? t.emptyText : t.off} />
      ) : (
        <>
          <SignIns frame={frame} signIns={signIns} />
          <Pager
            frame={frame}
            list={{ path: '/account/activity', state }}
            listed={listed}
            things={t.things(listed.total)}
          />
        </>
      )}
    </AccountPage>
  )
}
