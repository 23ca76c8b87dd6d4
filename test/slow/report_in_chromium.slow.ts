import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { ReportParts } from '../../workflows/report/report_parts.ts';
import { startChromium } from '../support/chromium.ts';
import { HOSTILE, hostileRun, wholeRun, write } from '../workflows/report/support.ts';

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 360, height: 780 };

describe('the report in Chromium', () => {
  let browser: Browser;
  let folder: string;
  const urls = new Map<string, string>();

  before(async function () {
    browser = await startChromium(this);
    folder = await mkdtemp(join(tmpdir(), 'tf8-report-'));
    const runs: Record<string, ReportParts> = { whole: wholeRun(), hostile: hostileRun() };
    for (const [name, parts] of Object.entries(runs)) {
      const dir = await mkdtemp(join(folder, name));
      urls.set(name, pathToFileURL((await write(parts, dir)).report).href);
    }
  });

  after(async () => {
    await browser?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report, and closes it with a look at what went wrong in it. */
  async function open(
    name: string,
    options: BrowserContextOptions,
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const wrong: string[] = [];
      page.on('console', (message) => wrong.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => wrong.push(error.message));
      page.on('dialog', (dialog) => {
        wrong.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        const url = request.url();
        if (url !== urls.get(name) && !url.startsWith('data:')) wrong.push(`request: ${url}`);
      });
      await page.goto(urls.get(name)!);
      if (options.javaScriptEnabled !== false) await page.waitForSelector('html[data-drawn]');
      await look(page);
      assert.deepEqual(wrong, []);
    } finally {
      await context.close();
    }
  }

  /** Title, width, and how many shapes each plot has. */
  const plotsOf = (page: Page) =>
    page.$$eval('.plot', (plots) =>
      plots.map((plot) => ({
        name: plot.getAttribute('aria-label') ?? '',
        width: plot.querySelector('svg')?.getBoundingClientRect().width ?? 0,
        room: plot.getBoundingClientRect().width,
        shapes: plot.querySelectorAll('svg path, svg rect, svg line').length,
        broken: plot.innerHTML.includes('NaN') || plot.innerHTML.includes('undefined'),
      })),
    );

  for (const [size, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`draws every plot in a ${size} ${colorScheme} window, with no error and no request`, () =>
        open('whole', { viewport, colorScheme }, async (page) => {
          const plots = await plotsOf(page);
          assert.equal(plots.length, 8);
          for (const { name, width, room, shapes, broken } of plots) {
            assert.ok(width > 0.9 * room && width <= room + 1, `${name}: ${width} of ${room}`);
            assert.ok(shapes > 10 && !broken, name);
          }
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - window.innerWidth',
          );
          assert.ok((overflow as number) <= 0, `${overflow} pixels too wide`);
        }));
    }
  }

  it('draws its plots anew where the window changes', () =>
    open('whole', { viewport: WIDE }, async (page) => {
      await page.setViewportSize(NARROW);
      const fits = `[...document.querySelectorAll('.plot')].every((plot) =>
        Math.abs(plot.querySelector('svg').getBoundingClientRect().width - plot.clientWidth) < 20)`;
      await page.waitForFunction(fits);
    }));

  it('is dark where the reader’s system is, plots too, and readable in both', async () => {
    const coloursIn = async (colorScheme: 'light' | 'dark') => {
      const colours: { paper: number; ink: number; label: number }[] = [];
      await open('whole', { viewport: WIDE, colorScheme }, async (page) => {
        const read = (selector: string, property: string) =>
          page.$eval(
            selector,
            (element, name) =>
              element.ownerDocument.defaultView!.getComputedStyle(element).getPropertyValue(name),
            property,
          );
        colours.push({
          paper: luminance(await read('html', 'background-color')),
          ink: luminance(await read('html', 'color')),
          label: luminance(await read('[data-plot=sqnr] svg text', 'fill')),
        });
      });
      return colours[0];
    };
    const [light, dark] = [await coloursIn('light'), await coloursIn('dark')];
    assert.ok(light.paper > 0.9 && dark.paper < 0.02, `${light.paper} ${dark.paper}`);
    for (const { paper, ink, label } of [light, dark]) {
      assert.ok(contrast(paper, ink) >= 7 && contrast(paper, label) >= 4.5);
    }
  });

  it('shows a layer’s figures where the pointer is', () =>
    open('whole', { viewport: WIDE }, async (page) => {
      assert.ok(await page.isHidden('#tooltip'));
      const plot = (await page.$('[data-plot=sqnr]'))!;
      await plot.scrollIntoViewIfNeeded();
      const { x, y, width } = (await plot.boundingBox())!;
      await page.mouse.move(x + 0.3 * width, y + 100);
      await page.waitForSelector('#tooltip:not([hidden])');
      assert.match(
        await page.innerText('#tooltip'),
        /layer\s+Conv2d_1_depthwise\s+local\s+15\.0 dB/,
      );
      await page.mouse.move(x + 0.3 * width, y - 60);
      await page.waitForSelector('#tooltip', { state: 'hidden' });
    }));

  it('shows a layer’s figures to a finger that taps it, until it taps elsewhere', () =>
    open('whole', { viewport: NARROW, hasTouch: true, isMobile: true }, async (page) => {
      const plot = (await page.$('[data-plot=sqnr]'))!;
      await plot.scrollIntoViewIfNeeded();
      const { x, y, width } = (await plot.boundingBox())!;
      await page.touchscreen.tap(x + 0.4 * width, y + 100);
      await page.waitForSelector('#tooltip:not([hidden])');
      assert.match(await page.innerText('#tooltip'), /layer\s+Conv2d_1_depthwise/);
      await page.touchscreen.tap(x + 0.4 * width, y - 30);
      await page.waitForSelector('#tooltip', { state: 'hidden' });
    }));

  it('shows the layer that is picked, with its tables and its files', () =>
    open('whole', { viewport: NARROW }, async (page) => {
      assert.equal(await page.innerText('#layer-name'), 'Conv2d_0');
      await page.click('#next');
      await page.waitForFunction('document.querySelectorAll("#layer-plots .drawn").length === 4');
      assert.equal(await page.innerText('#layer-name'), 'Conv2d_1_depthwise');
      await page.selectOption('#pick', { label: 'logits' });
      await page.waitForFunction('document.querySelectorAll("#layer-plots .drawn").length === 1');
      assert.ok(await page.isDisabled('#next'));
      assert.equal(
        await page.getAttribute('#layer-files a', 'href'),
        'figures/layer-03-logits.svg',
      );
      await page.click('#layer-tables summary');
      assert.ok((await page.locator('#layer-tables tr').count()) > 100);
    }));

  it('shows hostile names as text', () =>
    open('hostile', { viewport: WIDE }, async (page) => {
      assert.equal(await page.innerText('h1'), HOSTILE);
      assert.equal(await page.innerText('#layer-name'), HOSTILE);
      assert.equal((await page.locator('#pick option').allInnerTexts())[0], HOSTILE);
    }));

  it('shows plots and one layer without scripts, too', () =>
    open('whole', { viewport: NARROW, javaScriptEnabled: false }, async (page) => {
      const plots = await page.locator('.plot').all();
      assert.equal(plots.length, 5);
      for (const plot of plots) {
        const { width, height } = (await plot.locator('svg').boundingBox())!;
        assert.ok(width > 200 && width <= NARROW.width && height > 40, `${width} × ${height}`);
      }
      assert.ok(await page.isHidden('.picker'));
    }));
});

/** Relative luminance of "rgb(r, g, b)" (WCAG 2.2). */
function luminance(colour: string): number {
  const [r, g, b] = colour.match(/\d+/g)!.map((value) => {
    const share = Number(value) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two relative luminances (WCAG 2.2). */
function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
