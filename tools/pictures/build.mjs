// Bundles the page into build/: an HTML file, its script in chunks, its styles and fonts.
import { build } from 'esbuild';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const outdir = `${here}build`;

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
await build({
  entryPoints: { page: `${here}src/page.tsx` },
  outdir,
  bundle: true,
  splitting: true, // the editor parts of @grafana/ui stay in chunks that nobody loads
  format: 'esm',
  platform: 'browser',
  target: 'chrome120',
  jsx: 'automatic',
  minify: true,
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  loader: { '.woff2': 'file', '.woff': 'file', '.ttf': 'file', '.svg': 'dataurl', '.png': 'dataurl' },
  logLevel: 'warning',
});
await writeFile(
  `${outdir}/index.html`,
  '<!doctype html><html><head><meta charset="utf-8"><title>gen-chart</title><link rel="stylesheet" href="page.css">' +
    '</head><body><div id="root"></div><script type="module" src="page.js"></script></body></html>\n'
);
// Grafana's global styles look for its fonts here.
for (const cut of ['Regular', 'Medium', 'Italic', 'MediumItalic']) {
  await cp(`${here}node_modules/inter-ui/web/Inter-${cut}.woff2`, `${outdir}/fonts/inter/Inter-${cut}.woff2`);
}
