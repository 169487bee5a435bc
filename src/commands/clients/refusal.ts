/** Why a command on clients did nothing, in a line that says what to do. */
export class ClientsRefusal extends Error {}
