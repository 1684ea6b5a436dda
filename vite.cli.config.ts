import { defineConfig } from 'vite'

// The command line as one Node module, the engine and its worker in it; packages stay in node_modules.
export default defineConfig({
  build: {
    ssr: true,
    outDir: 'dist/cli',
    emptyOutDir: true,
    target: 'node20',
    copyPublicDir: false,
    rollupOptions: {
      input: { main: 'src/cli/main.ts' },
      output: { format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
    },
  },
})
