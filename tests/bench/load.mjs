// Clients that ask.
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from './host.mjs'

const inMilliseconds = { us: 0.001, ms: 1, s: 1000 }

/** wrk for some seconds: requests in a second, and latencies in milliseconds. Throws if anything failed. */
export function load(url, token, seconds = 2, connections = 32) {
  const authorization = token ? ['-H', `Authorization: Bearer ${token}`] : []
  const out = execFileSync('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...authorization, url], { encoding: 'utf8' })
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(`the load got errors:\n${out}`)
  const at = (share) => {
    const [, value, unit] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s)`).exec(out)
    return Number(value) * inMilliseconds[unit]
  }
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]), requests: Number(/(\d+) requests in/.exec(out)[1]), p50: at(50), p99: at(99) }
}

/** tests/bench/load_client.cpp: many clients that stay. */
export class Clients {
  constructor(kind, port, count, lines, tls = false) {
    this.child = spawn(join(build, 'tests/load_client'), [kind, port, count, ...(tls ? ['tls'] : [])], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.said = {}
    this.waiting = {}
    createInterface(this.child.stdout).on('line', (line) => {
      const event = JSON.parse(line)
      this.said[event.event] = event
      this.waiting[event.event]?.(event)
    })
    this.exit = new Promise((resolve) => this.child.once('exit', resolve))
    this.ended = new Promise((resolve, reject) => {
      this.waiting.end = resolve
      this.exit.then((code) => code === 0 || reject(new Error(`the load client ended with ${code}`)))
    })
    this.ended.catch(() => undefined) // whoever waits hears of it
    this.child.stdin.on('error', () => undefined)
    this.child.stdin.write(`${lines.join('\n')}\n\n`)
  }

  /** What it said when everything was "sent" or "answered". */
  async when(event, seconds = 60) {
    const timer = setTimeout(() => this.child.stdin.end(), seconds * 1000) // then it says how far it got
    const said = this.said[event] ?? (await Promise.race([new Promise((resolve) => (this.waiting[event] = resolve)), this.ended]))
    clearTimeout(timer)
    if (said.event !== event) throw new Error(`not everything was ${event}: ${JSON.stringify(said)}`)
    return said
  }

  /** All of them go; returns what had become of them. */
  async leave() {
    this.child.stdin.end()
    const said = await this.ended
    await this.exit
    return said
  }
}
