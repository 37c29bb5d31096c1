import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'
import { packFiles } from './packed_files'

/** Swagger UI comes as files that are served as they are: they need no network. Then everything is there to be packed. */
function servedFiles(): Plugin {
  const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  let out = ''
  let root = ''
  return {
    name: 'served-files',
    apply: 'build',
    configResolved(config) {
      root = config.root
      out = resolve(config.root, config.build.outDir)
    },
    closeBundle() {
      mkdirSync(join(out, 'swagger'), { recursive: true })
      for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
        copyFileSync(join(from, file), join(out, 'swagger', file))
      }
      const pages = JSON.parse(readFileSync(join(root, 'src/pages.json'), 'utf8')) as Record<string, string>
      writeFileSync(join(out, 'pages.json'), JSON.stringify(Object.values(pages)))
      packFiles(out)
    },
  }
}

export default defineConfig({
  plugins: [vue(), tailwindcss(), servedFiles()],
  server: { proxy: { '/api': 'http://localhost:8080', '/openapi.json': 'http://localhost:8080' } },
})
