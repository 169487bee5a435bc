import { Html, nothing } from '../html'
import type { Messages } from '../messages'

export interface SettingsSection {
  readonly section: string
  readonly rows: readonly {
    readonly name: string
    readonly standard: string
    readonly doc: string
    /** The variable that may name a file with it instead. */
    readonly file?: string
  }[]
}

/** Every variable the server reads. What it means is said in English, as in the sample file. */
export const SettingsTable = ({ t, sections }: { t: Messages; sections: readonly SettingsSection[] }) => (
  <>
    {sections
      .filter(({ rows }) => rows.length > 0)
      .map(({ section, rows }) => (
        <>
          <h2 lang="en">{section}</h2>
          <div class="docs-table" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t.docs.settings.name}</th>
                  <th scope="col">{t.docs.settings.standard}</th>
                  <th scope="col">{t.docs.settings.meaning}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ name, standard, doc, file }) => (
                  <tr>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td>{standard === '' ? nothing : <code>{standard}</code>}</td>
                    <td>
                      <span lang="en">{doc}</span>
                      {file && (
                        <>
                          {' '}
                          {t.docs.settings.secret} <code>{file}</code>
                        </>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      ))}
  </>
)
