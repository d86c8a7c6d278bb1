import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { brotliCompressSync, gzipSync, constants as zlib } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where `npm run dev` finds a running Parley. */
const api = process.env.PARLEY_API ?? 'http://127.0.0.1:4567';

export default defineConfig({
  plugins: [react(), gallery(), firstFont(), licences(), compressed()],
  server: {
    // The gateway lets in pages of its own origin: to it, this page is one.
    proxy: { '/api': { target: api, changeOrigin: true, ws: true, headers: { origin: api } } },
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The security policy allows nothing of data: addresses.
    assetsInlineLimit: 0,
  },
});

/** `npm run dev` shows every component at /components. A build has no such page. */
function gallery(): Plugin {
  return {
    name: 'gallery',
    apply: 'serve',
    configureServer({ middlewares }) {
      middlewares.use((request, _response, next) => {
        if (request.url === '/components') request.url = '/components.html';
        next();
      });
    },
  };
}

/** Has the Latin letters come with the style, so that the first text is drawn in them and no row is measured twice. */
function firstFont(): Plugin {
  return {
    name: 'first-font',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) =>
        Object.keys(bundle)
          .filter((name) => /text-latin-wght-normal-[^/]*\.woff2$/.test(name))
          .map((name) => ({
            tag: 'link',
            injectTo: 'head' as const,
            attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `/${name}` },
          })),
    },
  };
}

/** The licences of what is drawn on the page go along with it. */
function licences(): Plugin {
  const require = createRequire(import.meta.url);
  const parts = { 'wix-madefor-text': '@fontsource-variable/wix-madefor-text', lucide: 'lucide' };
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      for (const [name, part] of Object.entries(parts)) {
        const source = readFileSync(join(dirname(require.resolve(`${part}/package.json`)), 'LICENSE'));
        this.emitFile({ type: 'asset', fileName: `licences/${name}.txt`, source });
      }
    },
  };
}

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
