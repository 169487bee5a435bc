export type Docs = typeof docs

export const docs = {
  title: 'Documentation',
  pages: 'Pages of the documentation',
  language: 'Language of the documentation',
  untranslated: 'This page is not translated yet.',
  names: {
    'getting-started': 'Getting started',
    'auth-code-flow': 'Authorization code flow',
    'device-flow': 'Device flow',
    'client-credentials': 'Client credentials',
    oidc: 'OpenID Connect',
    'jwt-verification': 'Verifying tokens',
    tokens: 'Tokens and revocation',
    errors: 'Errors',
    configuration: 'Configuration',
    deployment: 'Deployment',
    operations: 'Operations',
    security: 'Security notes',
    upgrading: 'Upgrading',
  },
  settings: {
    name: 'Variable',
    standard: 'Default',
    meaning: 'Meaning',
    secret: 'Secret; can also be read from the file named by',
  },
}
