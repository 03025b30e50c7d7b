// Opens the built page once for each dashboard, theme and width; writes pictures and, as lines of JSON, what was found.
//
// node draw.mjs --chromium PROGRAM --data FOLDER --out FOLDER [--themes dark,light] [--widths 1600,1100] [--colors 128]
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const BUILD = fileURLToPath(new URL('./build', import.meta.url));
const ICONS = fileURLToPath(new URL('./node_modules/@grafana/ui/dist/public', import.meta.url));
const HOST = 'http://page.invalid'; // no name that exists: every request is answered from the folder

const { values: given } = parseArgs({
  options: {
    chromium: { type: 'string' },
    data: { type: 'string' },
    out: { type: 'string' },
    themes: { type: 'string', default: 'dark' },
    widths: { type: 'string', default: '1600' },
    colors: { type: 'string', default: '128' },
  },
});

async function answer(route) {
  const path = new URL(route.request().url()).pathname;
  const file = path.startsWith('/build/img/') ? join(ICONS, path.slice(6)) : join(BUILD, path === '/' ? 'index.html' : path);
  try {
    await route.fulfill({ body: await readFile(file), contentType: TYPES[extname(file)] ?? 'application/octet-stream' });
  } catch {
    await route.fulfill({ status: 404, body: '' });
  }
}

async function draw(browser, board, theme, width) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, timezoneId: 'UTC', locale: 'en-US' });
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error.message)));
    await page.clock.setFixedTime(board.window.end * 1000);
    await page.route('**/*', answer);
    await page.addInitScript(([data, look]) => Object.assign(window, { BOARD: data, LOOK: look }), [board, { theme }]);
    await page.goto(`${HOST}/`);
    await page.waitForFunction(() => document.body?.dataset.state, undefined, { timeout: 120_000 });
    const failed = await page.evaluate(() => document.body.dataset.error);
    if (failed) {
      throw new Error(`${board.name}: the page cannot draw it: ${failed}`);
    }
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height });
    await page.waitForLoadState('networkidle'); // icons
    await page.waitForTimeout(200); // what depends on the window's height is drawn anew
    const findings = await page.evaluate(() => window.FINDINGS());
    const edges = await page.evaluate(() => window.EDGES);
    const file = join(given.out, `${board.name}-${theme}-${width}.png`);
    const picture = await page.screenshot();
    await sharp(picture).png({ palette: true, colours: Number(given.colors), effort: 8, compressionLevel: 9 }).toFile(file);
    return { dashboard: board.name, theme, width, height, file, edges, findings, errors };
  } finally {
    await context.close();
  }
}

await mkdir(given.out, { recursive: true });
const browser = await chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox', '--font-render-hinting=none'] });
try {
  for (const name of (await readdir(given.data)).filter((one) => one.endsWith('.json')).sort()) {
    const board = JSON.parse(await readFile(join(given.data, name), 'utf8'));
    for (const theme of given.themes.split(',')) {
      for (const width of given.widths.split(',').map(Number)) {
        process.stdout.write(`${JSON.stringify(await draw(browser, board, theme, width))}\n`);
      }
    }
  }
} finally {
  await browser.close();
}
