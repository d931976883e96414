/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Where the daemon is while developing against a real one: HYDROPHONE_API=http://127.0.0.1:18600 npm run dev */
const api = process.env['HYDROPHONE_API'] ?? 'http://127.0.0.1:18600';

const ADOPTED = fileURLToPath(new URL('src/app/adoptedStyles.ts', import.meta.url));
const STYLE_MODULES =
  /(@rc-component\/util\/(es|lib)\/Dom\/dynamicCSS|@ant-design\/icons\/(es|lib)\/cssUtils)\.js$/;

/** Builds run under `style-src 'self'`: what antd writes into style elements goes into adopted style sheets. */
function adoptedStyles(): Plugin {
  return {
    name: 'adopted-styles',
    enforce: 'pre',
    apply: 'build',
    async resolveId(source, importer, options) {
      if (!/dynamicCSS|cssUtils/.test(source)) return null;
      const found = await this.resolve(source, importer, { ...options, skipSelf: true });
      return found && STYLE_MODULES.test(found.id) ? ADOPTED : null;
    },
  };
}

export default defineConfig(async ({ mode }) => ({
  plugins: [
    react(),
    adoptedStyles(),
    ...(mode === 'mock' ? [(await import('./mock/plugin.ts')).mockServer()] : []),
  ],
  server: {
    host: '127.0.0.1',
    ...(mode === 'mock' ? {} : { proxy: { '/api': { target: api, changeOrigin: false } } }),
  },
  preview: { host: '127.0.0.1' },
  build: {
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/setup.ts'],
    restoreMocks: true,
    testTimeout: 30_000,
  },
}));
