/** The help text of `authgate audit`. */

export const AUDIT_USAGE = `Usage: authgate audit COMMAND [OPTIONS]

The audit trail: whether it is as it was written, and its records. The server may run meanwhile.

Commands:
  verify      Compare every record with the seals over the trail
                --json          Print the result as one JSON object
                --head N:CHAIN  Also require this seal, as noted down from the log or from an earlier run
  export      Print records, newest first
                --format csv|jsonl   Default csv; jsonl has every member, one record in a line
                --json          The same as --format jsonl
                --out FILE      Write to a new file instead
                --since TIME, --until TIME   Both inclusive; RFC 3339, or a date; without a zone UTC
                --type NAME, --severity NAME, --actor ID, --client ID, --search TEXT

verify ends with 0 when the trail is whole, 1 when it was tampered with, and 2 when it could not be looked at.
`
