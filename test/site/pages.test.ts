/** Proves the built site in a real browser: every page, light and dark, on a phone and on a desk, with and without JavaScript. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listLessons } from '#sandbox/course/lesson.ts'
import { findBinary } from '#sandbox/find-binary.ts'
import { binary, describeWith } from '#test/helpers/needs.ts'
import { serveFolder, type StaticServer } from '#test/helpers/static-server.ts'
import { buildSite } from '../../site/build.ts'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Axe takes its time where the machine is busy. */
const LONG = { timeout: 120_000 }
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 900 }
const SIZES = [PHONE, DESK]
const PAGES = [
  'index.html',
  ...(await listLessons()).map(({ name }) => `${name}.html`),
  'contents.html',
  'glossary.html',
  'limits.html',
  'write-a-lesson.html',
  '404.html',
]

describeWith([binary('chromium')], 'the site, in Chromium', () => {
  let outDir: string
  let server: StaticServer
  let browser: Browser
  let pages: ReadonlyMap<string, string>

  beforeAll(async () => {
    outDir = mkdtempSync(join(tmpdir(), 'sidecar-site-'))
    ;({ pages } = await buildSite({ outDir }))
    // No host promises its root to a project.
    server = await serveFolder(outDir, '/some/where/')
    browser = await chromium.launch({ executablePath: findBinary('chromium'), args: CHROMIUM_ARGUMENTS })
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    rmSync(outDir, { recursive: true, force: true })
  })

  /** Opens a page of the site, runs `look` on it, and fails if it asked any other place for anything. */
  async function onPage(path: string, look: (page: Page) => Promise<void>, options?: BrowserContextOptions) {
    const context = await browser.newContext(options)
    try {
      const asked: string[] = []
      context.on('request', (request) => asked.push(request.url()))
      const page = await context.newPage()
      await page.goto(server.url + path)
      await look(page)
      expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([])
    } finally {
      await context.close()
    }
  }

  test('has a page for each lesson, and nothing that was not asked for', () => {
    expect([...pages.keys()].sort()).toEqual([...PAGES].sort())
  })

  test.for(PAGES)(
    '%s fits phone and desk in light and dark, and axe finds nothing serious',
    LONG,
    async (path) => {
      await onPage(path, async (page) => {
        await openDrawers(page)
        for (const colorScheme of ['light', 'dark'] as const) {
          for (const size of SIZES) {
            await page.emulateMedia({ colorScheme })
            await page.setViewportSize(size)
            const view = `${colorScheme}, ${size.width} px`
            expect(await overflow(page), view).toEqual([])
            expect(await page.evaluate<string[]>(TEXTS_OUTSIDE), view).toEqual([])
          }
        }
        await page.evaluate(THIN_OUT)
        await page.evaluate(AXE)
        // Colors don't change with the width: each theme and each width is looked at once.
        for (const [colorScheme, size] of [
          ['dark', DESK],
          ['light', PHONE],
        ] as const) {
          await page.emulateMedia({ colorScheme })
          await page.setViewportSize(size)
          expect(await seriousViolations(page), colorScheme).toEqual([])
        }
      })
    },
  )

  test.for(PAGES)('%s shows every word without JavaScript', async (path) => {
    const options = { javaScriptEnabled: false, colorScheme: 'dark' as const }
    await onPage(
      path,
      async (page) => {
        for (const size of SIZES) {
          await page.setViewportSize(size)
          expect(await overflow(page), `${size.width} px`).toEqual([])
        }
        await openDrawers(page)
        const { written, shown } = await page.evaluate<{ written: string; shown: string }>(WORDS)
        expect(shown).toBe(written)
        expect(await page.locator('button:visible').count()).toBe(0)
      },
      options,
    )
  })

  test('searches all lessons, and leads to the place that holds the word', async () => {
    await onPage('glossary.html', async (page) => {
      await page.keyboard.press('/')
      await page.getByRole('searchbox').fill('truncated')
      const result = page.locator('dialog.search li').first()
      await expect.poll(() => result.textContent(), { timeout: 20_000 }).toContain('Notice a truncated log')
      await page.keyboard.press('Enter')
      await page.waitForURL(`${server.url}01-log-collection.html#*`)
      expect(await page.evaluate<boolean>('document.querySelector(":target") !== null')).toBe(true)
    })
  })

  test('says that nothing was found', async () => {
    await onPage('index.html', async (page) => {
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByRole('searchbox').fill('日本語')
      const status = page.getByRole('dialog').getByRole('status')
      await expect.poll(() => status.textContent(), { timeout: 20_000 }).toBe('Nothing holds “日本語”.')
    })
  })

  test('keeps the theme that its reader chose', async () => {
    await onPage(
      'index.html',
      async (page) => {
        const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
        const light = await background()
        const button = page.getByRole('button', { name: 'Theme: system' })
        await button.click()
        await page.getByRole('button', { name: 'Theme: light' }).click()
        expect(await background()).not.toBe(light)
        await page.goto(`${server.url}glossary.html`)
        expect(await background()).not.toBe(light)
      },
      { colorScheme: 'light' },
    )
  })

  test('can be read when it is opened as files, and says there that search needs a server', async () => {
    const context = await browser.newContext({ colorScheme: 'light' })
    const page = await context.newPage()
    await page.goto(pathToFileURL(join(outDir, 'index.html')).href)
    await page.getByRole('link', { name: 'Read lesson 1' }).click()
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('searchbox').fill('inode')
    const status = page.getByRole('dialog').getByRole('status')
    await expect.poll(() => status.textContent()).toContain('Search needs a web server')
    await context.close()
  })

  test('draws each pod for the width that there is, with words for those who do not see it', async () => {
    await onPage('01-log-collection.html', async (page) => {
      for (const { width, shown } of [
        { width: 1280, shown: 'wide' },
        { width: 360, shown: 'narrow' },
      ]) {
        await page.setViewportSize({ width, height: 800 })
        const picture = page.locator('#ship > .pod svg:visible')
        expect(await picture.getAttribute('class')).toBe(shown)
        expect(
          await page
            .locator('#ship')
            .getByRole('img', { name: /^pod webserver/ })
            .count(),
        ).toBe(1)
        expect(await picture.locator('desc').textContent()).toContain(
          'Container shipper has the image node:24, runs sidecar.ts, sees volume logs at /logs, read-only',
        )
      }
    })
  })

  test('keeps the solution closed until it is asked for', async () => {
    await onPage('01-log-collection.html', async (page) => {
      const solution = page.locator('#share details', { hasText: 'Show the solution' })
      expect(await solution.locator('ins').first().isVisible()).toBe(false)
      await solution.locator('summary').click()
      expect(await solution.locator('ins', { hasText: 'emptyDir' }).isVisible()).toBe(true)
    })
  })

  test('prints the text without what only a screen needs', async () => {
    await onPage('01-log-collection.html', async (page) => {
      await page.emulateMedia({ media: 'print' })
      expect(await page.getByRole('navigation').filter({ visible: true }).count()).toBe(0)
      expect(await page.getByRole('heading', { name: 'Ship the log' }).isVisible()).toBe(true)
    })
  })

  test('has no script, style or handler inside its pages, so that a strict policy can hold', () => {
    for (const html of pages.values()) {
      expect(html).not.toMatch(/<script(?! src=)|<style|\sstyle="|\son\w+="/)
    }
  })
})

const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

async function openDrawers(page: Page): Promise<void> {
  await page.evaluate('for (const drawer of document.querySelectorAll("details")) drawer.open = true')
}

/** What is wider than the page, where something is. */
async function overflow(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) return []
    const wide = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > clientWidth)
    return wide.slice(0, 5).map((each) => each.outerHTML.slice(0, 120))
  })()`)
}

async function seriousViolations(page: Page): Promise<string[]> {
  return await page.evaluate<string[]>(`axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`)
}

/** Leaves each color of code on each ground once: thousands of them would be a minute's work for axe. */
const THIN_OUT = `(() => {
  const seen = new Set()
  for (const token of document.querySelectorAll('pre span:not(.line)')) {
    const ground = token.closest('.line, .fence')
    const kind = token.className + ' on ' + ground.tagName + ground.className
    if (seen.has(kind)) token.replaceWith(token.textContent)
    seen.add(kind)
  }
  for (const line of document.querySelectorAll('.line:not(:has(*))')) {
    if (seen.has(line.tagName)) line.replaceWith(line.textContent)
    seen.add(line.tagName)
  }
})()`

/** All text of the page beside that which can be seen; pictures have words of their own. */
const WORDS = `(() => {
  for (const picture of document.querySelectorAll('svg')) picture.remove()
  const main = document.querySelector('main')
  const squeeze = (text) => text.replace(/\\s+/g, '')
  return { written: squeeze(main.textContent), shown: squeeze(main.innerText) }
})()`

/** Texts of pictures that leave the box or the picture around them. */
const TEXTS_OUTSIDE = `[...document.querySelectorAll('.pod svg')]
  .filter((svg) => svg.checkVisibility())
  .flatMap((svg) => [...svg.querySelectorAll('text')].filter((text) => {
    const around = text.parentElement.querySelector(':scope > rect') ?? svg.querySelector('.hull')
    const [inner, outer] = [text, around].map((each) => each.getBoundingClientRect())
    return text.parentElement.matches(':not(.turn)') && (inner.right > outer.right || inner.left < outer.left)
  }))
  .map((text) => text.textContent)`
