/** The help text. */

export const USAGE = `Usage: authgate [OPTIONS] COMMAND

AuthGate, an OAuth 2.0 authorization server with device authorization (RFC 8628)

Commands:
  server    Start the OAuth server
  check     Check the configuration without starting anything
  keys      List, generate, rotate and retire signing keys
  clients   List, show, approve and reject clients that wait for an administrator
  audit     Verify that the audit trail is as it was written, and export it
  migrate   Show and bring about the state of the database that this version needs
  doctor    Look at everything a server depends on, and say what to do
  backup    Write the database to a file, beside a server that goes on working
  restore   Put a backup in the place of the database
  copy      Copy the database into an empty one, also of the other kind, and compare
  version   Show version information
  help      Show this help message
  healthcheck
            Ask the server of this configuration whether it is healthy

Options:
  -v, --version    Show version information
  -h, --help       Show this help message
  --check-config   With server: the same as check

Settings come from the environment and from a .env file in the working directory.
`
