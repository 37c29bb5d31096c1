// Hosts to be measured.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { System, freePort, until } from '../support/system.mjs'

export const build = process.env.AE_BUILD_DIR ?? 'build'

/** Runs `measure` with a host of its own, which has these settings, and says what it logged if that fails. */
export async function withHost(settings, measure) {
  Object.assign(process.env, settings)
  const system = await System.start()
  try {
    await measure(system)
  } catch (error) {
    console.error(system.logs())
    throw error
  } finally {
    await system.end()
    for (const name of Object.keys(settings)) delete process.env[name]
  }
}

/** Kills the host and starts it again with that certificate; returns the port at which it speaks TLS then. */
export async function restartWithTls(system, { certificate, key }) {
  await system.kill('ae-backend')
  const port = await freePort()
  const plain = new URL(system.url).host
  system.spawn('ae-backend', ['serve', ...system.options, '--http-addr', `http://${plain},127.0.0.1:${port}`], {
    AE_TLS_CERT_FILE: certificate,
    AE_TLS_KEY_FILE: key,
  })
  await until('the host', async () => (await fetch(`${system.url}/health/ready`)).ok)
  return port
}

export const hostPid = (system) => system.children.findLast((child) => child.spawnfile.endsWith('ae-backend')).pid

/** A new ECDSA certificate on P-256, in the folder. */
export function makeCertificate(folder, name) {
  const certificate = join(folder, `${name}.crt`)
  const key = join(folder, `${name}.key`)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  return { certificate, key }
}

/** Enrols so many agents; returns their polls as lines for the load client. */
export async function enrol(system, count, wait) {
  execFileSync(join(build, 'bin/ae-backend'), ['tenant', 'set', ...system.options, '--name', 'default', '--max-agents', '20000'])
  const polls = []
  while (polls.length < count) {
    const { token } = await system.call('POST', '/restic/agents/registration-tokens', { max_uses: 1000 })
    for (let i = 0; i < 1000 && polls.length < count; i += 50) {
      const number = polls.length
      const one = async (_, k) => {
        const response = await fetch(`${system.url}/api/v1/restic/agents/register`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
          body: JSON.stringify({ hostname: `host-${number + k}`, os: 'linux', arch: 'amd64', version: '0.1.0' }),
        })
        if (!response.ok) throw new Error(await response.text())
        const agent = await response.json()
        return `/api/v1/restic/agents/${agent.agentId}/tasks?wait=${wait} ${agent.token}`
      }
      polls.push(...(await Promise.all(Array.from({ length: Math.min(50, count - number) }, one))))
    }
  }
  return polls
}
