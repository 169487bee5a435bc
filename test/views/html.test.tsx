import { describe, expect, test } from 'bun:test'
import { Html, type Markup, raw } from '../../views/html'

const text = (element: Markup) => String(element)
const hostile = `<i>"'&</i>`
const escaped = '&lt;i&gt;&quot;&#x27;&amp;&lt;/i&gt;'

describe('JSX factory', () => {
  test('children are escaped, whatever the expression around them', () => {
    const Component = ({ children }: { children?: unknown }) => <b>{children as string}</b>
    expect(text(<p>{hostile}</p>)).toBe(`<p>${escaped}</p>`)
    expect(text(<p>{[hostile, [hostile]]}</p>)).toBe(`<p>${escaped}${escaped}</p>`)
    expect(text(<p>{hostile ? hostile : <b />}</p>)).toBe(`<p>${escaped}</p>`)
    expect(
      text(
        <>
          {hostile}
          {hostile}
        </>,
      ),
    ).toBe(escaped + escaped)
    expect(text(<Component>{hostile}</Component>)).toBe(`<b>${escaped}</b>`)
  })

  test('an object that prints itself as HTML is escaped too', () => {
    const liar = { toString: () => hostile } as unknown as string
    expect(text(<p>{liar}</p>)).toBe(`<p>${escaped}</p>`)
    expect(text(<p title={liar}>x</p>)).toBe(`<p title="${escaped}">x</p>`)
  })

  test('elements inside elements and raw constants stay as they are', () => {
    expect(
      text(
        <p>
          <b>1</b>
          {raw('<hr>')}
        </p>,
      ),
    ).toBe('<p><b>1</b><hr></p>')
  })

  test('numbers are written, absent and boolean children are not', () => {
    expect(text(<p>{[0, 12, null, undefined, true, false, '']}</p>)).toBe('<p>012</p>')
  })

  test('attributes are escaped; true is written bare, absent and false not at all', () => {
    expect(text(<input value={hostile} required disabled={false} title={undefined} maxlength={9} />)).toBe(
      `<input value="${escaped}" required maxlength="9">`,
    )
  })

  test('an attribute name made of data cannot end the tag', () => {
    expect(() => Html.createElement('p', { 'x><script': 'y' })).toThrow('attribute name')
  })

  test.each([
    'javascript:alert(1)',
    ' java\nscript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'vbscript:x',
    'data:text/html,x',
    'data:image/svg+xml,<svg>',
    '\u0000javascript:x',
  ])('a URL that would run as a script becomes harmless: %j', (url) => {
    expect(text(<a href={url}>x</a>)).toBe('<a href="#">x</a>')
    expect(text(<form action={url} />)).toBe('<form action="#"></form>')
  })

  test.each(['/device?a=1', 'https://example.com/', 'data:image/png;base64,AA==', '#main'])(
    'an ordinary URL is kept: %s',
    (url) => {
      expect(text(<a href={url}>x</a>)).toBe(`<a href="${url}">x</a>`)
    },
  )

  test('what the policy of the pages blocks is refused: handlers, inline styles, inline scripts', () => {
    expect(() => Html.createElement('p', { onclick: 'x()' })).toThrow('onclick')
    expect(() => Html.createElement('p', { ONLOAD: 'x()' })).toThrow('ONLOAD')
    expect(() => Html.createElement('p', { style: 'color:red' })).toThrow('style')
    expect(() => Html.createElement('script', null, 'x()')).toThrow('inline <script>')
    expect(() => Html.createElement('style', null, 'p{}')).toThrow('inline <style>')
  })
})
