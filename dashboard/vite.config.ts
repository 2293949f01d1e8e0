import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Everything is bundled and served by the control plane; `vite dev` passes API calls on to one that runs. */
export default defineConfig({
  plugins: [react()],
  build: { outDir: 'dist', sourcemap: false, assetsInlineLimit: 0 },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/sign-in': 'http://127.0.0.1:8080' } },
})
