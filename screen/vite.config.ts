import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

/** Where a daemon answers while the page is worked on: `VENOM_MODELD=http://127.0.0.1:8765 npm run dev`. */
const daemon = process.env.VENOM_MODELD ?? 'http://127.0.0.1:8765';

export default defineConfig({
  base: '/models/',
  plugins: [react()],
  build: {
    outDir: '../venom_modeld/screen',
    emptyOutDir: true,
    // The content policy allows files of our own and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': { target: daemon, headers: { origin: daemon } } } },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node', pool: 'threads' },
});
