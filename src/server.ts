/** Composes the server out of its features. */
import { type AnyElysia, Elysia } from 'elysia'
import { accountActivityPages } from './account/activity'
import { accountAuthorizationsPages } from './account/authorizations'
import { confirmPages } from './account/confirm'
import { accountConnectionsPages } from './account/connections'
import { languageSwitch } from './account/language'
import { accountOverviewPages } from './account/overview'
import { accountPasskeyPages } from './account/passkeys'
import { accountProfilePages } from './account/profile'
import { accountSecurityPages } from './account/security'
import { accountSessionsPages, homePage } from './account/sessions'
import { auditApi } from './admin/audit/api'
import { auditExport } from './admin/audit/export'
import { auditPages } from './admin/audit/pages'
import { adminClientActions } from './admin/client-actions'
import { adminClientAuthorizations } from './admin/client-authorizations'
import { adminClientPages } from './admin/client-pages'
import { adminDashboard } from './admin/dashboard'
import { adminKeyPages } from './admin/key-pages'
import { adminTokenBulk } from './admin/token-bulk'
import { adminTokenPages } from './admin/token-pages'
import { adminUserActions } from './admin/user-actions'
import { adminUserConnectionsPages } from './admin/user-connections'
import { adminUserForms } from './admin/user-forms'
import { adminUserPages } from './admin/user-pages'
import { appActions } from './apps/app-actions'
import { appForms } from './apps/app-forms'
import { appPages } from './apps/app-pages'
import type { Context } from './context'
import { apiBrowser } from './docs/api/api-browser'
import { documentationPages } from './docs/docs-pages'
import { logFailure } from './edge/failures'
import { healthEndpoints } from './edge/health'
import { createPipeline, type Handler } from './edge/pipeline'
import { plainText } from './edge/plain-text'
import { revealPages } from './edge/reveal'
import { createRouteTable } from './edge/route-table'
import { staticFileRoutes } from './edge/static-files'
import { createUnknownRouteAnswer } from './edge/unknown-route'
import { changePasswordPages } from './identity/change-password-pages'
import { loginPages } from './identity/login-pages'
import { logoutPages } from './identity/logout-pages'
import { passkeyLoginPages } from './identity/passkeys/login-pages'
import { providerPages } from './identity/provider-pages'
import { secondStepPages } from './identity/second-factor/second-step-pages'
import { metricsEndpoint } from './metrics/endpoint'
import { authorizationEndpoint } from './oauth/authorize'
import { deviceQrCode } from './oauth/device/qr-code'
import { deviceAuthorizationEndpoint } from './oauth/device-authorization'
import { devicePages, deviceStatus } from './oauth/device-pages'
import { endSessionEndpoint } from './oauth/end-session'
import { introspectionEndpoint } from './oauth/introspect'
import { jwksEndpoint } from './oauth/jwks'
import { metadataEndpoints } from './oauth/metadata'
import { clientConfigurationEndpoint } from './oauth/registration/configuration'
import { registrationEndpoint } from './oauth/registration/register'
import { revocationEndpoint } from './oauth/revoke'
import { tokenEndpoint } from './oauth/token'
import { tokenInfoEndpoint } from './oauth/tokeninfo'
import { userInfoEndpoint } from './oauth/userinfo'

export type { Handler } from './edge/pipeline'

export interface Lifecycle {
  /** The process is about to end and should get no further requests. */
  draining(): boolean
}

const RUNNING: Lifecycle = { draining: () => false }

/** What the listener calls for every request. It never throws. */
export function createHandler(ctx: Context, lifecycle: Lifecycle = RUNNING): Handler {
  const app = composeFeatures(ctx, lifecycle)
  const routes = createRouteTable(app.routes)
  const unknownRoute = createUnknownRouteAnswer(ctx, routes)
  // Last: an error handler that stood before the features would answer for them.
  app.onError(({ code, error, request }) => {
    if (code === 'NOT_FOUND') return unknownRoute(request)
    logFailure(ctx, request, error)
    return plainText('Internal error', 500)
  })
  return createPipeline(ctx, app, routes)
}

export function composeFeatures(ctx: Context, lifecycle: Lifecycle) {
  const app = withoutBrowser(ctx, lifecycle)
  if (ctx.settings.ENABLE_SWAGGER) app.use(apiBrowser(ctx, () => app.routes))
  return app
}

const withoutBrowser = (ctx: Context, lifecycle: Lifecycle) =>
  new Elysia({ strictPath: true })
    .use(peopleFeatures(ctx))
    .use(adminFeatures(ctx))
    .use(tokenEndpoint(ctx))
    .use(authorizationEndpoint(ctx))
    .use(deviceAuthorizationEndpoint(ctx))
    .use(tokenInfoEndpoint(ctx))
    .use(userInfoEndpoint(ctx))
    .use(revocationEndpoint(ctx))
    .use(introspectionEndpoint(ctx))
    .use(registrationEndpoint(ctx))
    .use(clientConfigurationEndpoint(ctx))
    .use(endSessionEndpoint(ctx))
    .use(metadataEndpoints(ctx))
    .use(jwksEndpoint(ctx))
    .use(staticFileRoutes(ctx))
    .use(healthEndpoints(ctx, lifecycle))
    .use(metricsEndpoint(ctx))

/** What people see: signing in, deciding, their own account and applications, the documentation. */
const peopleFeatures = (ctx: Context): AnyElysia =>
  new Elysia({ strictPath: true })
    .use(loginPages(ctx))
    .use(secondStepPages(ctx))
    .use(passkeyLoginPages(ctx))
    .use(providerPages(ctx))
    .use(logoutPages(ctx))
    .use(changePasswordPages(ctx))
    .use(devicePages(ctx))
    .use(deviceStatus(ctx))
    .use(deviceQrCode(ctx))
    .use(homePage(ctx))
    .use(documentationPages(ctx))
    .use(languageSwitch(ctx))
    .use(accountOverviewPages(ctx))
    .use(accountSessionsPages(ctx))
    .use(accountAuthorizationsPages(ctx))
    .use(accountActivityPages(ctx))
    .use(accountProfilePages(ctx))
    .use(accountSecurityPages(ctx))
    .use(accountPasskeyPages(ctx))
    .use(confirmPages(ctx))
    .use(revealPages(ctx))
    .use(accountConnectionsPages(ctx))
    .use(appPages(ctx))
    .use(appForms(ctx))
    .use(appActions(ctx))

/** What administrators see. */
const adminFeatures = (ctx: Context): AnyElysia =>
  new Elysia({ strictPath: true })
    .use(adminUserConnectionsPages(ctx))
    .use(adminClientPages(ctx))
    .use(adminClientActions(ctx))
    .use(adminClientAuthorizations(ctx))
    .use(adminTokenPages(ctx))
    .use(adminTokenBulk(ctx))
    .use(adminKeyPages(ctx))
    .use(adminDashboard(ctx))
    .use(adminUserPages(ctx))
    .use(adminUserForms(ctx))
    .use(adminUserActions(ctx))
    .use(auditPages(ctx))
    .use(auditExport(ctx))
    .use(auditApi(ctx))
