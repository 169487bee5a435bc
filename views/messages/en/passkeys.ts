/** Passkeys of a person's account. */
export const passkeys = {
  title: 'Passkeys',
  text: 'Sign in with your fingerprint, face or device PIN, or with a security key, instead of your password.',
  yours: 'Your passkeys',
  count: (passkeys: number, most: number) => `${passkeys} of at most ${most}`,
  columns: { name: 'Name', kind: 'Kept', added: 'Added', lastUsed: 'Last used', actions: 'Actions' },
  synced: 'In a password manager',
  onDevice: 'On one device or security key',
  never: 'Never',
  onlyWay: 'Your only way to sign in',
  none: 'No passkeys',
  noneText: 'When you add a passkey, you can sign in without typing anything.',
  add: 'Add a passkey',
  addText: 'Your browser asks you where to keep it. It never leaves that place, and this server never sees it.',
  name: 'Name of the new passkey',
  nameHint: 'So that you recognise it in the list, such as “Phone” or “Blue security key”.',
  needsScripts: 'Adding a passkey needs JavaScript and a browser that supports passkeys.',
  full: 'You have as many passkeys as there can be. Delete one to add another.',
  managedElsewhere: 'Your directory decides who may sign in to this account, so it has no passkeys.',
  rename: 'Rename',
  renameOf: (name: string) => `Rename ${name}`,
  newName: 'New name',
  delete: 'Delete',
  deleteOf: (name: string) => `Delete ${name}`,
  deleteTitle: (name: string) => `Delete ${name}?`,
  deleteText:
    'You cannot sign in with it any more. Your device or password manager still has it: delete it there too, so that it is not offered.',
  renamed: 'The passkey was renamed.',
  errors: {
    badName: {
      title: 'Not a name',
      explanation: 'A passkey needs a name of at most 64 characters.',
      hint: 'Go back and try again.',
    },
    notVerified: {
      title: 'Passkey not added',
      explanation: 'What your browser sent could not be verified, or it took too long.',
      hint: 'Go back and try again.',
    },
    knownAlready: {
      title: 'Passkey not added',
      explanation: 'This passkey is known here already.',
    },
    tooMany: {
      title: 'Passkey not added',
      explanation: 'You have as many passkeys as there can be.',
      hint: 'Delete one to add another.',
    },
    notOffered: { title: 'Not available', explanation: 'There are no passkeys for this account on this server.' },
    notFound: { title: 'Not found', explanation: 'You have no such passkey.' },
    lastMethod: {
      title: 'Your only way to sign in',
      explanation: 'This passkey cannot be deleted: you could not sign in any more.',
      hint: 'Add another passkey first, or ask your administrator for a password.',
    },
  },
}

export type Passkeys = typeof passkeys
