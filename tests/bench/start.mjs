// From the start to the first good answer.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './host.mjs'
import { median, report } from './report.mjs'

/** Milliseconds from the start of a program until its address answers 200. */
async function untilReady(program, args, addressOf) {
  const began = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const url = await new Promise((resolve, reject) => {
    const listen = (data) => {
      said += data
      const found = addressOf(said)
      if (found) resolve(found)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('exit', () => reject(new Error(`it ended:\n${said}`)))
  })
  while (!(await fetch(url).then((response) => response.ok, () => false)));
  const took = performance.now() - began
  child.removeAllListeners('exit')
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
  return took
}

/** From the start to the first good answer, with the host's own modules, and what twenty more cost. */
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'ae-bench-'))
  const backend = join(build, 'bin/ae-backend')
  const options = ['--config', '/dev/null', '--data-dir', folder, '--http-addr', '127.0.0.1:0', '--log-format', 'json']
  execFileSync(backend, [...options, 'migrate'], { stdio: 'ignore' })
  const modules = join(folder, 'more')
  mkdirSync(modules)
  const noop = readFileSync(join(build, 'tests/bench/noop_00.so'), 'latin1')
  for (let i = 0; i < 20; ++i) {
    const id = `noop_${String(i).padStart(2, '0')}`
    writeFileSync(join(modules, `${id}.so`), noop.replaceAll('noop_00', id), { encoding: 'latin1', mode: 0o644 })
    writeFileSync(join(modules, `${id}.json`), JSON.stringify({ id, version: '1.0.0', abi: 1 }), { mode: 0o644 })
  }
  const listed = JSON.parse(execFileSync(backend, [...options, '--module-path', modules, 'module', 'list', '--json'], { encoding: 'utf8' }))
  const failed = (listed.items ?? listed).filter(({ state }) => state === 'failed' || state === 'skipped')
  if (failed.length > 0) throw new Error(JSON.stringify(failed))
  const ready = (said) => {
    const found = /"msg":"serving"[^\n]*"port":(\d+)/.exec(said)
    return found && `http://127.0.0.1:${found[1]}/health/ready`
  }
  const host = (more = []) => untilReady(backend, [...options, ...more, 'serve'], ready)
  const bare = () => untilReady(join(build, 'tests/poco_hello'), [join(folder, 'ae-backend.db')], (said) => /^\d+\n/.test(said) && `http://127.0.0.1:${Number(said)}/`)
  const over = []
  const each = []
  for (let i = 0; i <= 15; ++i) {
    const alone = await host()
    const yardstick = await bare()
    const many = await host(['--module-path', modules])
    if (i === 0) continue // the first of each warms up
    over.push(alone - yardstick)
    each.push((many - alone) / 20)
  }
  rmSync(folder, { recursive: true })
  report('start to ready, longer than a bare Poco process on the same database by', median(over), 'ms', '<= 150')
  report('each of 20 modules that do nothing, at the start', median(each), 'ms', '<= 2')
}
