/**
 * The Chinese of Taiwan, in the pages and in the documentation, with one word for one thing.
 *
 * Terms: token 權杖, access token 存取權杖, refresh token 更新權杖, client secret 用戶端密鑰, signing key 簽章金鑰,
 * passkey 通行密鑰, scope 權限範圍, session 工作階段, audit log 稽核紀錄, device code 裝置代碼, recovery code 復原碼.
 */
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MESSAGES = 'views/messages/zh-TW'
const PAGES = 'src/docs/pages'

const read = (folder: string) =>
  readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))

/** Prose of a page: no code, and of a link only its text. */
const prose = (page: string): string =>
  page
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '`')
    .replaceAll(/\]\([^)\n]*\)/g, ']')

/** Lines with Chinese in them, as `file: line` each. */
const chinese = [
  ...read(MESSAGES).map(({ name, text }) => ({ name, text: text.replaceAll(/\$\{[^}]*\}/g, '`') })),
  ...read(join(PAGES, 'zh-TW')).map(({ name, text }) => ({ name, text: prose(text) })),
].flatMap(({ name, text }) =>
  text
    .split('\n')
    .filter((line) => /\p{Script=Han}/u.test(line) && !/^\s*(?:\/?\*|\/\/)/.test(line))
    .map((line) => `${name}: ${line.trim()}`),
)

const linesWith = (pattern: RegExp) => chinese.filter((line) => pattern.test(line.slice(line.indexOf(': '))))

test('there is Chinese to look at', () => expect(chinese.length).toBeGreaterThan(1000))

test.each([
  [
    'simplified characters',
    /[请网给经线统书门变开当传间长见说语读词调试验运还进连们这时对个录设认证权应该过发问题户务码关误选择动页级]/,
  ],
  ['用戶 for 使用者', /(?<!租)用戶(?!端)/],
  ['登錄 for 登入, 註銷 for 登出', /登錄|註銷/],
  ['默認 for 預設', /默認/],
  ['信息 for 資訊', /信息/],
  ['服務器 for 伺服器, 客戶端 for 用戶端', /服務器|客戶端/],
  ['數據 for 資料', /數據/],
  ['網絡 for 網路', /網絡/],
  [
    '令牌 or an English word for 權杖',
    /令牌|(?<![\w-])(?:access|refresh|ID) tokens?\b(?!）)|\p{Script=Han} tokens?\b/iu,
  ],
  ['密匙 or 秘鑰 for 密鑰', /密匙|秘鑰/],
  ['會話 for 工作階段', /會話/],
  ['賬 for 帳', /賬/],
  ['緩存 for 快取, 內存 for 記憶體', /緩存|內存/],
  ['軟件 for 軟體, 文件夾 for 資料夾, 字節 for 位元組', /軟件|文件夾|字節/],
  ['稽核記錄 beside 稽核紀錄', /稽核記錄/],
])('nothing says %s', (_, pattern) => expect(linesWith(pattern)).toEqual([]))

test('punctuation between Chinese is full-width', () => {
  expect(linesWith(/\p{Script=Han} ?[,;!?](?=\s|\p{Script=Han}|$|')|\p{Script=Han} ?\(/u)).toEqual([])
})

test('a blank separates Chinese from letters and digits', () => {
  expect(linesWith(/\p{Script=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Script=Han}/u)).toEqual([])
})

test('no blank stands between Chinese characters', () => {
  expect(linesWith(/[\p{Script=Han}，。；：、] +\p{Script=Han}/u).filter((line) => !/md: [#|\d-]/.test(line))).toEqual(
    [],
  )
})

test('the documentation has the same sections, code and tables in both languages', () => {
  const shape = (page: string) => ({
    headings: [...page.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+(?= )/gm)].map(([level]) => level),
    code: [...page.matchAll(/^```(\w*)/gm)].map(([, language]) => language),
    rows: page.split('\n').filter((line) => line.startsWith('|')).length,
  })
  const shapes = (language: string) => read(join(PAGES, language)).map(({ name, text }) => [name, shape(text)] as const)
  expect(Object.fromEntries(shapes('zh-TW'))).toEqual(Object.fromEntries(shapes('en')))
})
