import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where `npm run dev` finds a running Parley. */
const api = process.env.PARLEY_API ?? 'http://127.0.0.1:4567';

export default defineConfig({
  plugins: [react(), compressed()],
  server: {
    // The gateway lets in pages of its own origin: to it, this page is one.
    proxy: { '/api': { target: api, changeOrigin: true, ws: true, headers: { origin: api } } },
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The security policy allows no data: script or style; fonts and images there are none.
    assetsInlineLimit: 0,
  },
});

/** Puts a brotli and a gzip copy beside each file that is text, once, with the effort that no request could afford. */
function compressed(): Plugin {
  const texts = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);
  let folder = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, name);
        if (!texts.has(extname(name)) || !statSync(path).isFile()) continue;
        const bytes = readFileSync(path);
        const brotli = brotliCompressSync(bytes, { params: { [zlib.BROTLI_PARAM_QUALITY]: 11 } });
        const gzip = gzipSync(bytes, { level: 9 });
        if (brotli.length < bytes.length) writeFileSync(`${path}.br`, brotli);
        if (gzip.length < bytes.length) writeFileSync(`${path}.gz`, gzip);
      }
    },
  };
}
