import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

/** Swagger UI comes as files that are served as they are: they need no network. */
function swaggerUi(): Plugin {
  const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  let out = ''
  return {
    name: 'swagger-ui',
    apply: 'build',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      mkdirSync(join(out, 'swagger'), { recursive: true })
      for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        copyFileSync(join(from, file), join(out, 'swagger', file))
      }
    },
  }
}

export default defineConfig({
  plugins: [vue(), tailwindcss(), swaggerUi()],
  server: { proxy: { '/api': 'http://localhost:8080', '/openapi.json': 'http://localhost:8080' } },
})
