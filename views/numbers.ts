/** Numbers as the reader's language writes them. */
import type { PageFrame } from './frame'

type Language = Pick<PageFrame, 'language'>

/** `12,345`. */
export const figure = ({ language }: Language, value: number): string => value.toLocaleString(language)

/** `10,000+` where counting ends there. */
export const boundedFigure = (language: Language, value: number, most = 10_000): string =>
  value >= most ? `${figure(language, most)}+` : figure(language, value)

/** `12K`, where there is little room. */
export const shortFigure = ({ language }: Language, value: number): string =>
  value.toLocaleString(language, { notation: 'compact', maximumFractionDigits: 1 })

/** `+12%` without its sign: how much a number differs from another. */
export const difference = ({ language }: Language, now: number, before: number): string =>
  (Math.abs(now - before) / before).toLocaleString(language, { style: 'percent', maximumFractionDigits: 0 })
