// Servers that do next to nothing, to be measured beside the host.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, until } from '../support/system.mjs'
import { build } from './host.mjs'

/** Poco's own server; with a certificate it speaks TLS. */
export async function poco(tls) {
  const child = spawn(join(build, 'tests/poco_hello'), tls ? [tls.certificate, tls.key] : [], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return { port, pids: () => [child.pid], url: `http://127.0.0.1:${port}/`, stop: () => (child.kill('SIGKILL'), ended) }
}

/** nginx with two workers, answering from its configuration. */
export async function nginx() {
  const folder = mkdtempSync(join(tmpdir(), 'ae-nginx-'))
  const port = await freePort()
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 2; worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
  access_log off; keepalive_timeout 600; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port} backlog=4096; location / { default_type application/json; return 200 '{"status":"ok","message":"hello"}'; } }
}
`,
  )
  const child = spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}/`
  await until('nginx', async () => (await fetch(url)).ok)
  const pids = () => [child.pid, ...readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').map(Number)]
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return {
    port,
    pids,
    url,
    stop: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A PostgreSQL that stores as in production, and the address of an empty database in it. */
export function postgres() {
  const folder = join(mkdtempSync(join(tmpdir(), 'ae-pg-')), 'cluster')
  const run = (action) => execFileSync('sh', ['tests/support/postgres.sh', action, folder], { env: { ...process.env, AE_TEST_FSYNC: 'on' } })
  execFileSync('chmod', ['755', join(folder, '..')])
  run('start')
  execFileSync('createdb', ['-h', folder, '-U', 'ae_host', 'bench'], { stdio: 'inherit' })
  return { folder, url: `postgresql://ae_host@/bench?host=${folder}`, stop: () => run('stop') }
}
