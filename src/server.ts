/** Composes the server out of its features. */
import { Elysia } from 'elysia'
import { accountSessionsPages, homePage } from './account/sessions'
import type { Context } from './context'
import { healthEndpoints } from './edge/health'
import { createPipeline, type Handler } from './edge/pipeline'
import { createUnknownRouteAnswer } from './edge/unknown-route'
import { changePasswordPages } from './identity/change-password-pages'
import { loginPages } from './identity/login-pages'
import { logoutPages } from './identity/logout-pages'
import { jwksEndpoint } from './oauth/jwks'
import { metadataEndpoints } from './oauth/metadata'
import { tokenEndpoint } from './oauth/token'
import { tokenInfoEndpoint } from './oauth/tokeninfo'

export type { Handler } from './edge/pipeline'

export interface Lifecycle {
  /** The process is about to end and should get no further requests. */
  draining(): boolean
}

const RUNNING: Lifecycle = { draining: () => false }

/** What the listener calls for every request. It never throws. */
export function createHandler(ctx: Context, lifecycle: Lifecycle = RUNNING): Handler {
  return createPipeline(ctx, createApp(ctx, lifecycle))
}

function createApp(ctx: Context, lifecycle: Lifecycle) {
  const app = new Elysia({ strictPath: true })
    .use(tokenEndpoint(ctx))
    .use(tokenInfoEndpoint(ctx))
    .use(metadataEndpoints(ctx))
    .use(jwksEndpoint(ctx))
    .use(loginPages(ctx))
    .use(logoutPages(ctx))
    .use(changePasswordPages(ctx))
    .use(homePage(ctx))
    .use(accountSessionsPages(ctx))
    .use(healthEndpoints(ctx, lifecycle))
  const unknownRoute = createUnknownRouteAnswer(ctx, app.routes)
  // Last: an error handler that stood before the features would answer for them.
  return app.onError(({ code, request }) => (code === 'NOT_FOUND' ? unknownRoute(request) : undefined))
}
