import { type Child, Html } from '../html'

export interface Fact {
  readonly name: string
  readonly value: Child
}

/** Names and values of one thing, each pair on a line where there is room. */
export const Facts = ({ rows }: { rows: readonly Fact[] }) => (
  <dl class="fact-list">
    {rows.map(({ name, value }) => (
      <div>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)
