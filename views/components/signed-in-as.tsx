import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'

/** Small print: whose account this is, and the way out when it is somebody else's. */
export const SignedInAs = ({ frame }: { frame: PageFrame }) =>
  frame.user ? (
    <p class="min-w-0 wrap-anywhere">
      {frame.t.layout.signedInAsPerson(<span class="font-medium text-base-content">{frame.user.name}</span>)}{' '}
      <a class="link" href={`${frame.basePath}/logout`}>
        {frame.t.layout.notYou}
      </a>
    </p>
  ) : (
    nothing
  )
