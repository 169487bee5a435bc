/** What people read comes from the catalogue, and what is put into a page is escaped: both checked on the sources. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

const ROOT = join(import.meta.dir, '../..')

const sources = (pattern: string): { file: string; tree: ts.SourceFile }[] =>
  [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })]
    .filter((file) => !file.includes('/generated/'))
    .sort()
    .map((file) => ({ file, tree: parse(file, readFileSync(join(ROOT, file), 'utf8')) }))

const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(
    file,
    text,
    ts.ScriptTarget.ESNext,
    true,
    file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  )

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node)
  node.forEachChild((child) => visit(child, look))
}

/** Has two letters in a row: signs and single letters between elements are no words. */
const isWord = (text: string): boolean => /\p{L}\p{L}/u.test(text)
/** More than an identifier: words with a blank between them, or a capital at the start. */
const isProse = (text: string): boolean => /\p{L}{2,} \p{L}/u.test(text) || /^\p{Lu}\p{Ll}+$/u.test(text)

/** Words that begin like a sentence or end like one. */
const isSentence = (text: string): boolean =>
  /\p{L}{2,} \p{L}{2,}/u.test(text) && (/^\s*\p{Lu}/u.test(text) || /[.?!]\s*$/.test(text))

/** What a literal says; the parts of a template one by one. */
function literals(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]
  return []
}

const READ_ALOUD = new Set([
  ...[
    'title',
    'alt',
    'placeholder',
    'label',
    'caption',
    'text',
    'hint',
    'confirmLabel',
    'describes',
    'legend',
    'heading',
  ],
  ...['aria-label', 'aria-description', 'aria-roledescription', 'aria-valuetext', 'unit', 'error', 'problem', 'notice'],
])

/** Texts that are the same in every language. */
const ALLOWED_IN_VIEWS = new Set(['XXXX-XXXX', 'UTC', '(UTC)'])

/** Visible text in a view that does not come from the catalogue. */
function looseTexts(tree: ts.SourceFile): string[] {
  const found: string[] = []
  const add = (texts: readonly string[], says: (text: string) => boolean) => {
    for (const text of texts) if (says(text) && !ALLOWED_IN_VIEWS.has(text.trim())) found.push(text.trim())
  }
  visit(tree, (node) => {
    if (ts.isJsxText(node)) add([node.text], isWord)
    // A condition inside braces still is what stands there: `{a ? 'One' : b}`.
    else if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent)) add(directTexts(node.expression), isWord)
    else if (ts.isJsxAttribute(node) && READ_ALOUD.has(node.name.getText())) {
      const { initializer } = node
      if (initializer && ts.isStringLiteral(initializer)) add([initializer.text], isWord)
      else if (initializer && ts.isJsxExpression(initializer)) add(directTexts(initializer.expression), isWord)
    } else if (ts.isPropertyAssignment(node) && READ_ALOUD.has(node.name.getText()))
      add(directTexts(node.initializer), isProse)
  })
  return found
}

/** Literals that an expression may become, not those it is made from (arguments, classes, keys). */
function directTexts(node: ts.Expression | undefined): string[] {
  if (!node) return []
  if (ts.isConditionalExpression(node)) return [...directTexts(node.whenTrue), ...directTexts(node.whenFalse)]
  if (ts.isBinaryExpression(node)) {
    const compares = /^[!=]==?$/.test(node.operatorToken.getText())
    return compares ? [] : [...directTexts(node.left), ...directTexts(node.right)]
  }
  if (ts.isParenthesizedExpression(node)) return directTexts(node.expression)
  if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(directTexts)
  return literals(node)
}

/** Words of the audit trail, the log, the protocol and the command line: English for all. */
const FOR_OPERATORS = new Set([
  ...['action', 'errorMessage', 'error_description', 'description', 'reason', 'details', 'summary', 'event', 'message'],
])
const CALLS_FOR_OPERATORS =
  /^(?:.*\.)?(?:debug|info|warn|error|audit\w*|record\w*|refused?|query|write|guard|Literal|Union|Object)$/

/** Prose in a file that answers with pages, which is not for operators or programs. */
function looseProse(tree: ts.SourceFile): string[] {
  const found: string[] = []
  const look = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    if (ts.isPropertyAssignment(node) && FOR_OPERATORS.has(node.name.getText())) return
    if (ts.isNewExpression(node) && /Error$|Refused$|Unavailable$|Required$/.test(node.expression.getText())) {
      if (node.expression.getText() !== 'PageError') return
    }
    if (ts.isThrowStatement(node) && !/PageError|page/i.test(node.getText())) return
    if (ts.isCallExpression(node) && CALLS_FOR_OPERATORS.test(node.expression.getText())) {
      const flash = node.expression.getText() === 'addFlash'
      if (!flash) return
    }
    // Names of headers, cookies and policies.
    if (ts.isPropertyAssignment(node) && (ts.isStringLiteral(node.name) || /^[A-Z]/.test(node.name.getText()))) return
    const texts = literals(node).filter(isSentence)
    if (texts.length > 0) found.push(...texts.map((text) => text.trim()))
    node.forEachChild(look)
  }
  look(tree)
  return found
}

const answersWithPages = (tree: ts.SourceFile): boolean =>
  /from '[./]*(?:views\/(?:pages|components)\/|edge\/page'|edge\/page-error'|page-error'|page')/.test(tree.text) ||
  /\baddFlash\b/.test(tree.text)

/** Sentences that programs read: the plain answers of pages that are asked for by programs. */
const NAMES = new Set(['OpenID Connect', 'Microsoft Entra ID'])

const ALLOWED_IN_HANDLERS: Readonly<Record<string, readonly string[]>> = {
  'src/edge/rate-limit.ts': ['Too many requests. Please try again later.'],
  'src/edge/surfaces/api.ts': ['Sign in again.', 'Choose a new password first.'],
}

describe('texts outside the catalogue', () => {
  test.each(sources('views/**/*.tsx').map(({ file, tree }) => [file, tree] as const))('%s', (_file, tree) => {
    expect(looseTexts(tree)).toEqual([])
  })

  test.each(
    sources('src/**/*.ts')
      .filter(({ tree }) => answersWithPages(tree))
      .map(({ file, tree }) => [file, tree] as const),
  )('%s', (file, tree) => {
    const allowed = ALLOWED_IN_HANDLERS[file] ?? []
    expect(looseProse(tree).filter((text) => !allowed.includes(text) && !NAMES.has(text))).toEqual([])
  })

  test.each([
    ['<p>Hello there</p>', 'Hello there'],
    ['<input placeholder="Your name" />', 'Your name'],
    ["<p>{ok ? 'Yes' : t.no}</p>", 'Yes'],
    ['<Field label={`Key ${n}`} />', 'Key'],
    ["const column = { title: 'Device', cell }", 'Device'],
  ])('the check sees %s', (code, text) => {
    expect(looseTexts(parse('sample.tsx', code))).toContain(text)
  })

  test.each([
    ['addFlash(session, `${name} was deleted.`)', 'was deleted.'],
    ["throw new PageError(404, () => ({ title: 'No such app' }))", 'No such app'],
    ["const problem = 'The name is taken.'", 'The name is taken.'],
  ])('the check of handlers sees %s', (code, text) => {
    expect(looseProse(parse('sample.ts', code))).toContain(text)
  })
})

/** Where text becomes HTML without being escaped: constants of the build. */
const RAW_PLACES: Readonly<Record<string, readonly string[]>> = {
  'views/components/icon.tsx': ['raw(icons[name])'],
  'views/components/page.tsx': ["raw('<!doctype html>')"],
  // Rendered from the program's own files when it is built.
  'views/pages/docs.tsx': ['raw(text.html)'],
  // Drawn by the server from a secret it made: rectangles and a path.
  'views/pages/totp-setup.tsx': ['raw(setup.qrCode)'],
}

describe('escaping (CWE-79)', () => {
  const views = sources('views/**/*.{ts,tsx}')

  test('nothing in a view becomes HTML but through the escaping factory', () => {
    for (const { file, tree } of views) {
      const calls: string[] = []
      visit(tree, (node) => {
        if (ts.isCallExpression(node) && node.expression.getText() === 'raw') calls.push(node.getText())
        // The class is the only way to mark text as safe, and `raw` must not be handed on under another name.
        if (ts.isNewExpression(node) && node.expression.getText() === 'Markup' && file !== 'views/html.ts')
          calls.push(node.getText())
        if (ts.isIdentifier(node) && node.text === 'raw' && file !== 'views/html.ts') {
          const called = ts.isCallExpression(node.parent) && node.parent.expression === node
          if (!called && !(ts.isImportSpecifier(node.parent) && !node.parent.propertyName))
            calls.push(node.parent.getText())
        }
        if (ts.isAsExpression(node) && /\b(Markup|JSX\.Element)\b/.test(node.type.getText())) calls.push(node.getText())
      })
      if (file !== 'views/html.ts') expect({ file, calls }).toEqual({ file, calls: [...(RAW_PLACES[file] ?? [])] })
    }
  })

  test('every view is compiled with the escaping factory', () => {
    for (const { file, tree } of views.filter(({ file }) => file.endsWith('.tsx')))
      expect({
        file,
        escapes: /import \{[^}]*\bHtml\b[^}]*\} from '\.{1,2}\/(?:\.\.\/)*html'/.test(tree.text),
      }).toEqual({ file, escapes: true })
  })

  test('no handler makes HTML of its own', () => {
    for (const { file, tree } of sources('src/**/*.ts')) {
      const made: string[] = []
      visit(tree, (node) => {
        if (
          literals(node).some((text) =>
            /<\/?(?:!doctype|html|div|p|a|form|script|span|table|input)\b[^>]*>/i.test(text),
          )
        )
          made.push(node.getText())
      })
      if (file.startsWith('src/takeover/')) continue
      // Runs when the program is built, on its own texts.
      if (file === 'src/docs/render.ts') continue
      expect({ file, made }).toEqual({ file, made: [] })
      expect({ file, raw: /\b(?:raw|Markup)\b[^\n]*from '[./]*views\/html'/.test(tree.text) }).toEqual({
        file,
        raw: false,
      })
    }
  })
})
