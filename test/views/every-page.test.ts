/** No page is left out of the samples that are looked at in a browser. */
import { expect, test } from 'bun:test'
import { Glob } from 'bun'

const sourcesOf = (pattern: string) =>
  Promise.all([...new Glob(pattern).scanSync('.')].map((file) => Bun.file(file).text()))

/** It leaves at once, and is looked at on its way: test/browser/consent.test.ts. */
const ELSEWHERE = ['formPostPage']

test('every page that can be sent is among the samples', async () => {
  const pages = (await sourcesOf('views/pages/*.tsx')).flatMap((source) =>
    [...source.matchAll(/^export (?:function|const) (\w+Page)\b/gm)].map(([, name = '']) => name),
  )
  expect(pages.length).toBeGreaterThan(45)
  const samples = (await sourcesOf('test/views/*samples.ts')).join('\n')
  const left = pages.filter((name) => !new RegExp(`: ${name}\\(`).test(samples))
  expect(left).toEqual(ELSEWHERE)
})

test('a page can be made nowhere else: what stands around every page is used by pages and their parts only', async () => {
  const makers = (await sourcesOf('src/**/*.ts')).filter((source) =>
    /views\/components\/(?:page|admin-page)'/.test(source),
  )
  expect(makers).toEqual([])
})
