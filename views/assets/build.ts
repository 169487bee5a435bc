/**
 * Builds everything the pages load into views/assets/generated/: run by `scripts/assets`, needs only node_modules.
 *
 * Names under /static/dist carry a hash of the content and may be cached for good.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { iconNames } from './icon-names'

const here = import.meta.dir
const root = join(here, '../..')
const generated = join(here, 'generated')

interface Asset {
  name: string
  contentType: string
  body: Uint8Array
  /** Fixed path; without one the path is hashed. */
  path?: string
}

interface EmbeddedFile {
  path: string
  contentType: string
  immutable: boolean
  /** base64, as are the compressed forms. */
  body: string
  gzip?: string
  brotli?: string
}

/**
 * The style sheet, with the hashed names of the fonts beside it.
 *
 * @throws with the compiler's own words when it has an error.
 */
function styleSheet(fonts: readonly Asset[]): Uint8Array {
  const compiler = join(root, 'node_modules/@tailwindcss/cli/dist/index.mjs')
  const run = Bun.spawnSync([process.execPath, compiler, '--input', join(here, 'main.css'), '--minify'], { cwd: root })
  if (run.exitCode !== 0) throw new Error(`style sheet: ${run.stderr}`)
  let css = run.stdout.toString()
  for (const font of fonts) css = css.replaceAll(`asset:${font.name}`, basename(hashedPath(font)))
  if (css.includes('asset:')) throw new Error('style sheet: it names an asset that is not built')
  return new TextEncoder().encode(css)
}

/** One script of all modules that `entry` imports, as a classic script. */
async function script(entry: string): Promise<Uint8Array> {
  const built = await Bun.build({
    entrypoints: [join(here, 'scripts', entry)],
    target: 'browser',
    format: 'iife',
    minify: true,
  })
  const output = built.outputs[0]
  if (output === undefined) throw new Error(`script ${entry}: nothing was built`)
  return new Uint8Array(await output.arrayBuffer())
}

function hashedPath({ name, body }: Asset): string {
  const hash = new Bun.CryptoHasher('sha256').update(body).digest('hex').slice(0, 8)
  const dot = name.lastIndexOf('.')
  return `/static/dist/${name.slice(0, dot)}-${hash}${name.slice(dot)}`
}

function embed(asset: Asset): EmbeddedFile {
  const { body, contentType, path } = asset
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const gzip = gzipSync(body, { level: 9 })
  const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } })
  const gains = brotli.length < body.length * 0.9
  return {
    path: path ?? hashedPath(asset),
    contentType,
    immutable: path === undefined,
    body: base64(body),
    ...(gains && { gzip: base64(gzip), brotli: base64(brotli) }),
  }
}

/** The drawing inside a Lucide icon, without its <svg>: the page decides about size and colour. */
function iconDrawing(name: string): string {
  const svg = readFileSync(join(root, 'node_modules/lucide-static/icons', `${name}.svg`), 'utf8')
  const drawing = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)?.[1]
  if (drawing === undefined) throw new Error(`icon ${name} is not an SVG`)
  return drawing.replace(/\s*\n\s*/g, '')
}

const written = 'Written by views/assets/build.ts.'
const writeModule = (file: string, comment: string, code: string) =>
  Bun.write(join(generated, file), `/** ${comment} ${written} */\n${code}\n`)

mkdirSync(generated, { recursive: true })
const read = (file: string): Uint8Array => new Uint8Array(readFileSync(join(here, file)))
const SCRIPT_TYPE = 'text/javascript; charset=utf-8'
const fonts: Asset[] = ['latin', 'latin-ext'].map((subset) => ({
  name: `geist-${subset}.woff2`,
  contentType: 'font/woff2',
  body: new Uint8Array(
    readFileSync(join(root, `node_modules/@fontsource-variable/geist/files/geist-${subset}-wght-normal.woff2`)),
  ),
}))
const assets: Asset[] = [
  ...fonts,
  { name: 'main.css', contentType: 'text/css; charset=utf-8', body: styleSheet(fonts) },
  { name: 'main.js', contentType: SCRIPT_TYPE, body: await script('main.ts') },
  { name: 'theme.js', contentType: SCRIPT_TYPE, body: await script('theme-at-start.ts') },
  { name: 'icon.svg', contentType: 'image/svg+xml', body: read('icon.svg') },
  { name: 'favicon.ico', contentType: 'image/x-icon', body: read('favicon.ico'), path: '/favicon.ico' },
]
const files = assets.map(embed)
const paths = Object.fromEntries(assets.map((asset, i) => [asset.name, files[i]?.path]))
const icons = Object.fromEntries(iconNames.map((name) => [name, iconDrawing(name)]))

await writeModule(
  'paths.ts',
  'Where each asset is served.',
  `export const paths = ${JSON.stringify(paths, null, 2)} as const`,
)
await writeModule(
  'icons.ts',
  'Drawings of the icons that the pages use.',
  `export const icons = ${JSON.stringify(icons, null, 2)} as const`,
)
await writeModule(
  'files.ts',
  'The assets themselves, base64.',
  `export interface EmbeddedFile {
  path: string
  contentType: string
  immutable: boolean
  body: string
  gzip?: string
  brotli?: string
}
export const files: readonly EmbeddedFile[] = ${JSON.stringify(files, null, 2)}`,
)

for (const [i, { name }] of assets.entries()) {
  const file = files[i]
  if (file === undefined) continue
  const sent = Buffer.from(file.brotli ?? file.body, 'base64').length
  console.log(`${file.path.padEnd(36)} ${String(sent).padStart(7)} bytes sent  ${name}`)
}
