// One line per area, in the order of the alphabet.
export { errors } from './errors'
