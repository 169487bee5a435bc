/** A number in an answer. */
import { type IntegerOptions, Type } from '@sinclair/typebox'

/** The framework's own integer also stands for texts that read as one, and every answer with one would be encoded anew. */
export const wholeNumber = (options?: IntegerOptions) => Type.Integer(options)
