/** How far a conversion is. */

export interface ConversionProgress {
  /** What is being done, such as `converting users`. */
  readonly step: string
  /** Rows; 0 of 0 in steps that do not count. */
  readonly done: number
  readonly total: number
}

/** Called between any two writes; what it throws ends the conversion and undoes it. */
export type TellProgress = (progress: ConversionProgress) => void | Promise<void>
