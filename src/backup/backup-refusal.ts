/** Why a backup cannot be taken or restored, in a line that says what to do. */
export class BackupRefusal extends Error {}

/** `done` of `of`, and what is being done. */
export type TellBackup = (done: number, of: number, text: string) => void
