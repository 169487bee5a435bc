/** The help text of `authgate copy`. */

export const COPY_USAGE = `Usage: authgate copy [--from DSN] --to DSN [--json]

Copies a whole database of this version into an empty one, from SQLite to PostgreSQL, back, or to the same kind. Rows
are counted and compared by checksum before anything is kept: the target is complete, or it is as it was.

Options:
  --from DSN   What to copy; without it, the database of the settings
  --to DSN     An empty database, or one that has the tables and no rows; an SQLite file may be missing
  --json       Rows and checksums of every table as one JSON object

DSN is a path or file: URI of an SQLite file, or a postgres:// URL or key=value text. env:NAME reads it from the variable
NAME, which keeps a password out of the list of processes; PGPASSWORD works as well.

The source is only read, as it is when the command begins. A server may go on working with it, but what it writes from
then on is not in the copy: stop it first when the copy is to take its place.

Exit codes: 0 copied and equal; 1 refused or failed, nothing was changed; 2 wrong usage.
`
