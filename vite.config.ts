import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'
import { VitePWA } from 'vite-plugin-pwa'
import { createReadStream, cpSync, existsSync, statSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Cross-origin isolation (threads) and a content policy that lets nothing leave the page. */
export const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
}
const TYPES: Record<string, string> = { '.json': 'application/json', '.safetensors': 'application/octet-stream' }

/** Serves models/ and libraries/ beside the page in development, and copies what is served into the build. */
function servedFolders(): Plugin {
  const served = ['models/registry.json', 'models/default', 'libraries']
  return {
    name: 'served-folders',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '').replace(/^\//, '')
        const file = resolve(root, path)
        if (!served.some((s) => path === s || path.startsWith(s + '/')) || !existsSync(file) || !statSync(file).isFile()) {
          next()
          return
        }
        response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
        response.setHeader('Content-Length', statSync(file).size)
        for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
        createReadStream(file).pipe(response)
      })
    },
    writeBundle(options) {
      for (const s of served) if (existsSync(join(root, s))) cpSync(join(root, s), join(options.dir ?? 'dist', s), { recursive: true })
    },
  }
}

export default defineConfig({
  root: 'src',
  publicDir: '../public',
  base: './',
  build: { outDir: '../dist/page', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 1000 },
  worker: { format: 'es' },
  server: { headers: HEADERS, fs: { allow: ['..'] } },
  preview: { headers: HEADERS },
  plugins: [
    svelte(),
    servedFolders(),
    VitePWA({
      registerType: 'autoUpdate',
      injectRegister: false,
      // Weights and libraries live in IndexedDB. onnxruntime and transformers.js are fetched only when WebGPU is tried or an embedder opened:
      // neither is precached, and what came once is kept. Their names hold a hash of what they contain, so a kept one is never out of date; an
      // embedder needs three of them. The first visit's page is claimed, so that it need not be reloaded before it keeps them.
      workbox: {
        clientsClaim: true,
        runtimeCaching: [
          {
            urlPattern: ({ url, sameOrigin }) => sameOrigin && /\/assets\/(ort|transformers)[^/]*$/.test(url.pathname),
            handler: 'CacheFirst',
            options: {
              cacheName: 'onnxruntime',
              expiration: { maxEntries: 12, purgeOnQuotaError: true },
              // One file is a module and the script of a worker: many hosts answer "Vary: Origin", which only the first of them sends.
              matchOptions: { ignoreVary: true },
            },
          },
        ],
        globPatterns: [
          '**/*.{js,css,html,svg,png,woff2}',
          '**/engine*.wasm',
          'models/registry.json',
          'libraries/registry.json',
          'models/default/{model,tokenizer,stems}.json',
          'libraries/*/pack.json',
        ],
        globIgnores: ['**/ort*', '**/transformers*'],
      },
      manifest: {
        name: 'Pagewise',
        short_name: 'Pagewise',
        description: 'Answers multiple-choice questions inside the page.',
        display: 'standalone',
        theme_color: '#21409a',
        background_color: '#faf9f5',
        icons: [],
      },
    }),
  ],
})
