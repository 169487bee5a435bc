/** Why a command on keys did nothing, in a line that says what to do. */
export class KeysRefusal extends Error {}
