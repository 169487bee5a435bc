export type AdminKeys = typeof adminKeys

export const adminKeys = {
  title: 'Signing keys',
  text: 'Keys that sign and verify tokens. They lie in files and settings of the server; the commands below change them.',
  columns: {
    state: 'State',
    algorithm: 'Algorithm',
    published: 'Published',
    signs: 'Signs since',
    next: 'What comes next',
  },
  secret: 'Secret of the settings',
  formerSecret: 'Former secret of the settings',
  thumbprint: 'Thumbprint',
  states: { active: 'Active', next: 'Next', retiring: 'Retiring', accepted: 'Accepted' },
  never: 'not yet',
  unknown: 'unknown',
  notes: {
    active: 'Signs every new token.',
    next: 'Published, so that consumers get to know it. "authgate keys rotate" makes it the active one.',
    retiring: 'Verifies the tokens it signed. Nothing needs it any more: "authgate keys retire" may take it out.',
    accepted: 'Verifies tokens; the database knows nothing of its past.',
  },
  neededUntil: 'Verifies the tokens it signed. The last of them ends',
  rotation: 'Changing keys',
  symmetricText:
    'HS256 signs and verifies with one secret. Set JWT_SECRET_PREVIOUS to the new secret and restart every process; exchange both and restart; remove the former one when its last token has ended.',
  commandsText: 'On the machine of the server:',
  commands: {
    'authgate keys list': 'what may be done with each key now',
    'authgate keys generate': 'a new key beside the active one',
    'authgate keys rotate': 'the next key signs from now on',
    'authgate keys retire': 'takes out a key that nothing needs any more',
  },
  reload:
    'Every process reads its key files again on SIGHUP; no restart is needed. The button does it for this server; others behind the same balancer have to be told themselves.',
  reloadNow: 'Read key files again',
  reloaded: (keys: number) => `The key files were read again. Keys in use: ${keys}.`,
  notReloaded: (problem: string) => `The key files cannot serve; the former keys stay in use. ${problem}`,
  othersNotTold: 'The key files were read again by one process; the others could not be told. Send them SIGHUP.',
  nothingToReload: 'No key comes from a file. Settings are read at the start of the server only.',
}
