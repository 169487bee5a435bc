/** What is wrong with `DATABASE_DSN`, without any value of it but harmless ones. */
export class DsnError extends Error {}
