/** Errors of Elysia's own, told apart. */
import { ParseError, ValidationError } from 'elysia'

/** What was really thrown: errors of body parsers arrive wrapped. */
export const causeOf = (error: unknown): unknown =>
  error instanceof ParseError && error.cause !== undefined ? error.cause : error

/** Input that a schema refused. Its details quote the values, so none of them may leave the server. */
export const isRefusedInput = (error: unknown): boolean =>
  error instanceof ParseError || (error instanceof ValidationError && error.type !== 'response')
