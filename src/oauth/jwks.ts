/** GET /.well-known/jwks.json: the keys that verify this server's tokens (RFC 7517 §5). A secret is never among them. */
import type { Context } from '../context'
import { infrastructureSurface } from '../edge/surfaces/infrastructure'
import { publicDocument } from './public-document'

export function jwksEndpoint(context: Context) {
  const answer = publicDocument(context, () => context.keys.jwks)
  return infrastructureSurface(context).get('/.well-known/jwks.json', ({ request }) => answer(request))
}
