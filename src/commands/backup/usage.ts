/** The help texts of `authgate backup` and `authgate restore`. */

export const BACKUP_USAGE = `Usage: authgate backup FILE [--json]

Writes the database of the settings to FILE, which must not exist, beside a server that goes on working. The backup is
of one moment, checked, and readable by its owner only; FILE.manifest.json says what is in it and proves that it is whole.
Secrets that are not in the database (JWT_SECRET, SESSION_SECRET, keys) are not in the backup: keep them as well.

On SQLite this needs nothing else. On PostgreSQL it runs pg_dump, which must be installed.

Options:
  --json   The manifest as one JSON object

Exit codes: 0 done; 1 refused or failed, and there is no FILE; 2 wrong usage.
`

export const RESTORE_USAGE = `Usage: authgate restore FILE [--json]

Puts a backup in the place of the database of the settings. The backup is checked against its manifest first. Stop every
server before: as long as something has the database open, this refuses. What was there is kept, on SQLite as a file
beside it, on PostgreSQL as a schema.

Everything since the backup is undone, revocations and changed passwords too: tokens revoked since then work again.

On PostgreSQL this runs pg_restore and psql, which must be installed.

Options:
  --json   What was restored and what is kept, as one JSON object

Exit codes: 0 done; 1 refused or failed, everything is as it was; 2 wrong usage.
`
