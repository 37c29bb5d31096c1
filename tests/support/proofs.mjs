// What is asked at the end of every test with a real host, and of a real restic where there is one.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const SECRET_FIELDS = new Set(['password', 'current_password', 'new_password', 'token', 'refresh_token', 'access_token', 'secret_access_key', 'session_token', 'account_key', 'account_sas', 'credentials'])
/** What is where it belongs: keys, the first sign-in, an agent's identity. */
const THEIR_PLACE = new Set(['initial-admin.json', 'identity.json'])

/** Every secret in a body, by the names of fields. */
export function secretsOf(value, found = new Set()) {
  if (value !== null && typeof value === 'object')
    for (const [name, member] of Object.entries(value)) {
      if (typeof member === 'string' && member.length >= 8 && SECRET_FIELDS.has(name)) found.add(member)
      secretsOf(member, found)
    }
  return found
}

/** One sentence for each file below the folders that holds a secret. */
export function secretsInFiles(secrets, paths) {
  const complaints = []
  for (const path of paths) {
    if (!existsSync(path)) continue
    const names = path.endsWith('.log') ? [''] : readdirSync(path, { recursive: true, withFileTypes: true }).filter((one) => one.isFile() && !THEIR_PLACE.has(one.name)).map((one) => join(one.parentPath ?? one.path, one.name).slice(path.length))
    for (const name of names) {
      const content = readFileSync(path + name)
      for (const secret of secrets)
        for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) if (content.includes(form)) complaints.push(`the secret "${secret}" stands in ${path}${name}`)
    }
  }
  return complaints
}

/** One sentence for each difference between what restic lists and what is told, and for each lock. */
export function differences({ folder, password }, told, exempt = {}) {
  if (!existsSync(join(folder, 'config'))) return []
  const complaints = []
  const env = { ...process.env, RESTIC_REPOSITORY: folder, RESTIC_PASSWORD: password }
  const real = exempt.snapshots ? [] : JSON.parse(execFileSync('restic', ['snapshots', '--json', '--no-lock', '--no-cache'], { env })).map((one) => one.id)
  if (!exempt.snapshots) {
    for (const id of real) if (!told.some((known) => id.startsWith(known))) complaints.push(`restic has the snapshot ${id}, which nobody tells of`)
    for (const known of told) if (!real.some((id) => id.startsWith(known))) complaints.push(`told of is the snapshot ${known}, which restic does not have`)
  }
  if (!exempt.locks) for (const lock of readdirSync(join(folder, 'locks'))) if (lock.length === 64) complaints.push(`${folder} still has the lock ${lock}`)
  return complaints
}
