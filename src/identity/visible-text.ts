/** Names that people give. */

/** Control characters, and those that turn the direction of text around: a name must look like what it is. */
const INVISIBLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

export const hasInvisible = (text: string): boolean => text.replaceAll(INVISIBLE, '') !== text

/** Without what cannot be seen, and trimmed. */
export const visibleText = (text: string): string => text.toWellFormed().replaceAll(INVISIBLE, '').trim()
