/** The help text of `authgate doctor`. */

export const DOCTOR_USAGE = `Usage: authgate doctor [--json]

Looks at everything a server of these settings depends on: the settings, the database and how fast it answers, clocks,
Redis, the public address and its certificate, which headers of proxies arrive there and whether TRUSTED_PROXIES fits
them, files with secrets, the disk, and providers that people sign in through. It only reads, prints no secret, and may run beside a server.

Options:
  --json   The findings as one JSON object

Exit codes: 0 nothing failed; 1 something failed; 2 wrong usage.
`
