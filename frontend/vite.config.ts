import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `npm run dev` finds a running Parley. */
const api = process.env.PARLEY_API ?? 'http://127.0.0.1:4567';

export default defineConfig({
  plugins: [react()],
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
