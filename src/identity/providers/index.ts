/** The providers that the settings offer. */
import type { Settings } from '../../config/settings'
import type { Clock } from '../../context'
import { createGitea } from './gitea'
import { createGitHub } from './github'
import { createGitLab } from './gitlab'
import { createMicrosoft } from './microsoft'
import { createOidc } from './oidc'
import type { Provider } from './provider'

export interface Providers {
  /** In the order of the buttons. Empty when nobody can sign in through another system. */
  readonly all: readonly Provider[]
  find(name: string): Provider | undefined
}

/** A provider that is switched on and lacks something it needs is left out; the start warned about it. */
export function createProviders(settings: Settings, clock: Clock): Providers {
  const all = [
    isComplete(settings.GITHUB_OAUTH_ENABLED, settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET) &&
      createGitHub(settings),
    isComplete(
      settings.GITEA_OAUTH_ENABLED,
      settings.GITEA_CLIENT_ID,
      settings.GITEA_CLIENT_SECRET,
      settings.GITEA_URL,
    ) && createGitea(settings),
    isComplete(settings.GITLAB_OAUTH_ENABLED, settings.GITLAB_CLIENT_ID, settings.GITLAB_CLIENT_SECRET) &&
      createGitLab(settings, clock),
    isComplete(settings.MICROSOFT_OAUTH_ENABLED, settings.MICROSOFT_CLIENT_ID, settings.MICROSOFT_CLIENT_SECRET) &&
      createMicrosoft(settings, clock),
    isComplete(
      settings.OIDC_OAUTH_ENABLED,
      settings.OIDC_CLIENT_ID,
      settings.OIDC_CLIENT_SECRET,
      settings.OIDC_ISSUER,
    ) && createOidc(settings, clock),
  ].filter((provider): provider is Provider => provider !== false)
  return { all, find: (name) => all.find((provider) => provider.name === name) }
}

const isComplete = (enabled: boolean, ...needed: readonly string[]): boolean =>
  enabled && needed.every((value) => value !== '')
