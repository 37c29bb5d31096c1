import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const PACKED = new Set(['.html', '.js', '.css', '.svg', '.json', '.map', '.txt', '.webmanifest'])
const LEAST_BYTES = 1024

/**
 * Writes each file of the folder that gets smaller by it once more as .gz and .br: the host sends those to clients
 * that take them and packs nothing itself.
 */
export function packFiles(folder: string) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !PACKED.has(extname(file))) continue
    const content = readFileSync(file)
    if (content.length < LEAST_BYTES) continue
    const write = (ending: string, packed: Buffer) => {
      if (packed.length < content.length * 0.95) writeFileSync(file + ending, packed)
    }
    write('.gz', gzipSync(content, { level: constants.Z_BEST_COMPRESSION }))
    write('.br', brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }))
  }
}
