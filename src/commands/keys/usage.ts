/** The help text of `authgate keys`. */

export const KEYS_USAGE = `Usage: authgate keys COMMAND [OPTIONS]

Signing keys, and their exchange without a token that is refused. The keys are the files that
JWT_PRIVATE_KEY_PATH (signs) and JWT_ADDITIONAL_KEY_PATHS (published, verify) name.

Commands:
  list      Show every key of the configuration: which signs, which is next, which is retiring
  generate  Write a new private key
              --algorithm ES256|RS256   Default ES256
              --out FILE                Must not exist; readable by its owner only
  rotate    Let the next key sign; the public half of the former one goes on verifying
              --kid KID                 Which, when there are several
              --force                   Even if consumers may not know it yet
  retire    Take keys whose last token has ended out of their files
              --kid KID                 Only this one
              --force                   Even if tokens it signed are refused from then on

Each has --json: what it printed, as one JSON object.

A rotation: generate, into a file of JWT_ADDITIONAL_KEY_PATHS; reload; wait an hour; rotate; reload; retire; reload.
To reload, send SIGHUP to every process. A changed setting needs a restart.
`
