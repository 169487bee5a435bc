/** The help text of `authgate clients`. */

export const CLIENTS_USAGE = `Usage: authgate clients COMMAND [OPTIONS]

Clients that registered themselves, and the changes they propose, wait for a decision. The server may run meanwhile.

Commands:
  list        Show what waits: clients, then changes of approved clients
                --all           Then every other client
  show ID     Show a client, or a change beside what is in force
  approve ID  Let a waiting client work, or put a change in force
                --version N     Only if it is still the version that "show" printed
  reject ID   Deactivate a waiting client, or drop a change
                --reason TEXT   Kept with the decision
                --version N     Only if it is still the version that "show" printed

Each has --json: what it printed, as one JSON object.

A client may change what it says of itself until it is approved: approve with the --version that you looked at.
`
