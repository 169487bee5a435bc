/** Everything the pages do beyond HTML. Each part looks for its own elements and does nothing where there are none. */
import { copyButtons } from './copy'
import { deviceStatus } from './device-status'
import { dialogs, menus } from './dialogs'
import { passkeyForms } from './passkeys'
import { passwordFields } from './password'
import { rememberLinks } from './remember-links'
import { submitNow } from './submit-now'
import { submitOnce } from './submit-once'
import { themeSwitch } from './theme'
import { times } from './times'
import { userCodeFields } from './user-code'

themeSwitch()
menus()
dialogs()
passwordFields()
rememberLinks()
userCodeFields()
copyButtons()
times()
deviceStatus()
passkeyForms()
submitOnce()
submitNow()
