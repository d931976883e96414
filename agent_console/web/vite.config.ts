/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where the daemon is while developing against a real one: HYDROPHONE_API=http://127.0.0.1:18600 npm run dev */
const api = process.env['HYDROPHONE_API'] ?? 'http://127.0.0.1:18600';

export default defineConfig(async ({ mode }) => ({
  plugins: [react(), ...(mode === 'mock' ? [(await import('./mock/plugin.ts')).mockServer()] : [])],
  server: {
    host: '127.0.0.1',
    ...(mode === 'mock' ? {} : { proxy: { '/api': { target: api, changeOrigin: false } } }),
  },
  // The server puts a fresh nonce in place of this word in every index.html it sends (see README.md).
  html: { cspNonce: 'HYDROPHONE_CSP_NONCE' },
  build: {
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: 'jsdom',
    globals: false,
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
  },
}));
