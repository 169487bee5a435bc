import { list, text } from '../setting'

export const outgoingSettings = {
  OUTGOING_ALLOWED_HOSTS: list(
    [],
    'Internal host names, addresses and CIDR ranges that applications may have called (logout notices); names may be http.',
  ),
  OUTGOING_CA_FILE: text('', 'PEM certificates of authorities that are trusted in addition when calling others.'),
}
