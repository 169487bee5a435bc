/** The help text of `authgate migrate`. */

export const MIGRATE_USAGE = `Usage: authgate migrate COMMAND [OPTIONS]

The database that the settings name, and what this version needs it to be. A server that starts does the same as "up".

Commands:
  status      Say what the database is and what would be done; reads names and columns only
                --json     As one JSON object
  up          Bring it to this version. The database of AuthGate 0.x is backed up and converted: on SQLite the backup is
              a file beside it, on PostgreSQL a schema. When it fails, everything is as it was
                --dry-run  Do it with a copy (SQLite) or beside the tables (PostgreSQL), undo it, and report
                --json     The report as one JSON object

Stop every process of the former version before "up". "status" and "--dry-run" may run beside it.

Exit codes: 0 done, or nothing to do; 1 refused or failed; 2 wrong usage; 3 from "status": "up" has something to do.
`
