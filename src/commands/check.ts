/** `authgate check`: says what is wrong with the configuration, or what is in effect. Opens and writes nothing. */
import { describeConfiguration, effectiveSettings } from '../config/describe'
import { ConfigurationError, type Environment, loadConfiguration } from '../config/load'
import type { Output } from './output'

/** Exit code: 0 when a server would accept this configuration. */
export function check(env: Environment, cwd: string, output: Output, json = false): number {
  try {
    const configuration = loadConfiguration({ env, cwd, write: false })
    if (json) {
      const { warnings } = configuration
      output.out(JSON.stringify({ valid: true, settings: effectiveSettings(configuration), warnings }))
      return 0
    }
    for (const line of describeConfiguration(configuration)) output.out(line)
    output.out('')
    for (const warning of configuration.warnings) output.out(`Warning: ${warning}`)
    output.out('Configuration is valid')
    return 0
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    if (json) output.out(JSON.stringify({ valid: false, problems: error.problems }))
    else reportProblems(error, output)
    return 1
  }
}

/** One line for each problem. Who checks passwords has a heading of its own. */
export function reportProblems(error: ConfigurationError, output: Output): void {
  for (const problem of error.problems) {
    const isAuthentication = /^(invalid AUTH_MODE|HTTP_API_URL is required)/.test(problem)
    output.error(`Invalid ${isAuthentication ? 'authentication ' : ''}configuration: ${problem}`)
  }
}
