/** Why the server cannot start, as one line for the operator: what, which setting, what to do. */
export class StartError extends Error {}
