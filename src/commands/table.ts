/** Every command with its options: what the help text, the command line of newer commands and shell completion are made from. */

export interface OptionEntry {
  readonly name: string
  /** Absent: a switch. What its value is called; `FILE` completes file names. */
  readonly value?: string
  /** All that the value may be. */
  readonly choices?: readonly string[]
  readonly about?: string
}

export interface CommandEntry {
  readonly name: string
  readonly about: string
  /** What follows the command, such as `ID`; in brackets when it may be left out. */
  readonly operand?: string
  readonly options?: readonly OptionEntry[]
  readonly commands?: readonly CommandEntry[]
}

const JSON_OUTPUT: OptionEntry = { name: 'json', about: 'As one JSON object' }
const FORCE: OptionEntry = { name: 'force' }
const KID: OptionEntry = { name: 'kid', value: 'KID' }

const PASSWORD: readonly OptionEntry[] = [
  { name: 'prompt', about: 'Ask for the password, twice; without this and the next, one is generated and printed' },
  { name: 'password-file', value: 'FILE', about: 'Read the password from there; "-" is standard input' },
]
const SECRET_FILE: OptionEntry = {
  name: 'secret-file',
  value: 'FILE',
  about: 'Write what is generated there, readable by its owner only, and print nothing secret',
}

export const ADMIN: CommandEntry = {
  name: 'admin',
  about: 'Create administrators, reset passwords and second factors, end the waiting after wrong passwords',
  commands: [
    {
      name: 'create',
      operand: 'NAME',
      about: 'Make an account; its owner chooses another password at the first sign-in',
      options: [
        { name: 'email', value: 'ADDRESS', about: 'Required' },
        { name: 'full-name', value: 'TEXT' },
        { name: 'role', value: 'ROLE', choices: ['admin', 'user'], about: 'Default admin' },
        { name: 'reuse-name', about: 'Although an account that was deleted had the name' },
        ...PASSWORD,
        SECRET_FILE,
        JSON_OUTPUT,
      ],
    },
    {
      name: 'reset-password',
      operand: 'NAME',
      about: 'Replace the password of an account, and end its sessions and tokens',
      options: [
        { name: 'adds-password', about: 'Although the account has none yet' },
        ...PASSWORD,
        SECRET_FILE,
        JSON_OUTPUT,
      ],
    },
    {
      name: 'reset-second-factor',
      operand: 'NAME',
      about: 'Remove authenticator app, passkeys and recovery codes of an account, and end its sessions',
      options: [JSON_OUTPUT],
    },
    {
      name: 'unlock',
      operand: 'NAME',
      about: 'Forget the wrong passwords of an account, which end its waiting',
      options: [{ name: 'enable', about: 'Also enable the account when it is disabled' }, JSON_OUTPUT],
    },
  ],
}

const LOOKED_AT: OptionEntry = {
  name: 'version',
  value: 'N',
  about: 'Only if it is still the version that "show" printed',
}

export const CLIENT: CommandEntry = {
  name: 'client',
  about: 'Create, list, show and disable clients, and decide about those that wait',
  commands: [
    {
      name: 'create',
      operand: 'NAME',
      about: 'Make a client that works at once; its secret is printed once',
      options: [
        { name: 'type', value: 'TYPE', choices: ['public', 'confidential'], about: 'Default confidential' },
        {
          name: 'grant',
          value: 'GRANTS',
          about: 'device_code, authorization_code, client_credentials, separated by commas; default device_code',
        },
        { name: 'redirect-uri', value: 'URIS', about: 'Separated by commas' },
        { name: 'scope', value: 'SCOPES', about: 'Separated by blanks; default "email profile"' },
        { name: 'description', value: 'TEXT' },
        { name: 'owner', value: 'NAME', about: 'The account it belongs to; default none' },
        SECRET_FILE,
        JSON_OUTPUT,
      ],
    },
    {
      name: 'list',
      about: 'Show clients, the newest first',
      options: [
        { name: 'status', value: 'STATUS', choices: ['pending', 'active', 'inactive'] },
        { name: 'search', value: 'TEXT', about: 'In name, id and description' },
        { name: 'limit', value: 'N', about: 'Default 100' },
        JSON_OUTPUT,
      ],
    },
    { name: 'disable', operand: 'ID', about: 'Deactivate a client and revoke its tokens', options: [JSON_OUTPUT] },
    {
      name: 'waiting',
      about: 'Show what waits for a decision: clients, then changes of approved clients',
      options: [JSON_OUTPUT],
    },
    {
      name: 'show',
      operand: 'ID',
      about: 'Show a client, or a change beside what is in force',
      options: [JSON_OUTPUT],
    },
    {
      name: 'approve',
      operand: 'ID',
      about: 'Let a waiting client work, or put a change in force',
      options: [LOOKED_AT, JSON_OUTPUT],
    },
    {
      name: 'reject',
      operand: 'ID',
      about: 'Deactivate a waiting client, or drop a change',
      options: [{ name: 'reason', value: 'TEXT', about: 'Kept with the decision' }, LOOKED_AT, JSON_OUTPUT],
    },
  ],
}

export const TOKEN: CommandEntry = {
  name: 'token',
  about: 'Revoke tokens',
  commands: [
    {
      name: 'revoke',
      operand: '[ID]',
      about: 'Revoke one token with everything issued from its grant, or all of a user or a client',
      options: [
        { name: 'token-file', value: 'FILE', about: 'The token itself is in there; "-" is standard input' },
        { name: 'user', value: 'NAME', about: 'Every token of this user; browser sessions go on' },
        { name: 'client', value: 'ID', about: 'Every token and consent of this client' },
        JSON_OUTPUT,
      ],
    },
  ],
}

export const COMPLETION: CommandEntry = {
  name: 'completion',
  about: 'Print a script that completes commands and options in a shell',
  commands: [
    { name: 'bash', about: 'For ~/.bashrc: source <(authgate completion bash)' },
    { name: 'zsh', about: 'For ~/.zshrc: source <(authgate completion zsh)' },
    { name: 'fish', about: 'For config.fish: authgate completion fish | source' },
  ],
}

export const LICENSES: CommandEntry = {
  name: 'licenses',
  about: 'Print the licences of everything in this program',
  options: [JSON_OUTPUT],
}

export const CHECK: CommandEntry = {
  name: 'check',
  about: 'Check the configuration without starting anything',
  options: [JSON_OUTPUT],
}

export const HEALTHCHECK: CommandEntry = {
  name: 'healthcheck',
  about: 'Ask the server of this configuration whether it is healthy',
  options: [JSON_OUTPUT],
}

export const VERSION: CommandEntry = {
  name: 'version',
  about: 'Show version information',
  options: [JSON_OUTPUT],
}

const CHECK_CONFIG: OptionEntry = { name: 'check-config' }
const OUT: OptionEntry = { name: 'out', value: 'FILE' }
const TIMES = ['since', 'until'].map((name): OptionEntry => ({ name, value: 'TIME' }))
const EVENT_FILTERS = ['type', 'severity', 'actor', 'client', 'search'].map(
  (name): OptionEntry => ({ name, value: name === 'actor' || name === 'client' ? 'ID' : 'TEXT' }),
)

/** In the order of the help text. Those that were there before this table have a help text of their own. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'server', about: 'Start the OAuth server', options: [CHECK_CONFIG] },
  CHECK,
  ADMIN,
  CLIENT,
  TOKEN,
  {
    name: 'keys',
    about: 'List, generate, rotate and retire signing keys',
    commands: [
      { name: 'list', about: 'Show every key of the configuration', options: [JSON_OUTPUT] },
      {
        name: 'generate',
        about: 'Write a new private key',
        options: [{ name: 'algorithm', value: 'ALGORITHM', choices: ['ES256', 'RS256'] }, OUT, JSON_OUTPUT],
      },
      { name: 'rotate', about: 'Let the next key sign', options: [KID, FORCE, JSON_OUTPUT] },
      {
        name: 'retire',
        about: 'Take keys whose last token has ended out of their files',
        options: [KID, FORCE, JSON_OUTPUT],
      },
    ],
  },
  {
    name: 'audit',
    about: 'Verify that the audit trail is as it was written, and export it',
    commands: [
      {
        name: 'verify',
        about: 'Compare every record with the seals over the trail',
        options: [JSON_OUTPUT, { name: 'head', value: 'N:CHAIN' }],
      },
      {
        name: 'export',
        about: 'Print records, newest first',
        options: [
          { name: 'format', value: 'FORMAT', choices: ['csv', 'jsonl'] },
          OUT,
          ...TIMES,
          ...EVENT_FILTERS,
          JSON_OUTPUT,
        ],
      },
    ],
  },
  {
    name: 'migrate',
    about: 'Show and bring about the state of the database that this version needs',
    commands: [
      { name: 'status', about: 'Say what the database is and what would be done', options: [JSON_OUTPUT] },
      { name: 'up', about: 'Bring it to this version', options: [{ name: 'dry-run' }, JSON_OUTPUT] },
    ],
  },
  {
    name: 'doctor',
    about: 'Look at everything a server depends on, and say what to do',
    options: [JSON_OUTPUT],
  },
  {
    name: 'backup',
    operand: 'FILE',
    about: 'Write the database to a file, beside a server that goes on working',
    options: [JSON_OUTPUT],
  },
  { name: 'restore', operand: 'FILE', about: 'Put a backup in the place of the database', options: [JSON_OUTPUT] },
  {
    name: 'copy',
    about: 'Copy the database into an empty one, also of the other kind, and compare',
    options: [{ name: 'from', value: 'DSN' }, { name: 'to', value: 'DSN' }, JSON_OUTPUT],
  },
  HEALTHCHECK,
  COMPLETION,
  LICENSES,
  VERSION,
  { name: 'help', about: 'Show this help message' },
]
