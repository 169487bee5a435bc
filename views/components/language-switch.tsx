import type { PageFrame } from '../frame'
import { Html, nothing } from '../html'
import { LANGUAGES } from '../messages'
import { Form, Hidden } from './field'

/** The other languages, each under its own name. Works without scripts and comes back to the same page. */
export const LanguageSwitch = ({ frame }: { frame: PageFrame }) =>
  frame.here === undefined ? (
    nothing
  ) : (
    <Form action={`${frame.basePath}/language`} token={frame.csrfToken} class="inline-flex">
      <Hidden name="redirect" value={frame.here} />
      {LANGUAGES.filter((language) => language !== frame.language).map((language) => (
        <button type="submit" class="btn btn-ghost btn-sm" name="language" value={language} lang={language}>
          {frame.t.layout.languageNames[language]}
        </button>
      ))}
    </Form>
  )
