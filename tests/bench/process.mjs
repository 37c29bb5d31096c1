// What processes cost.
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** User memory of a process without what it shares, in bytes. */
export function memory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/Pss:\s+(\d+)/.exec(rollup)[1]) * 1024
}

export const threads = (pid) => readdirSync(`/proc/${pid}/task`).length

/** Kernel stacks of all threads of the machine, in bytes. */
export const kernelStacks = () => Number(/KernelStack:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))[1]) * 1024

/** CPU seconds of the finished children of a process and of itself. */
export function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return { own: (Number(fields[11]) + Number(fields[12])) / 100, children: (Number(fields[13]) + Number(fields[14])) / 100 }
}

/** Until the process has nothing to do. */
export async function rest(pid) {
  for (let before = -1, now = cpu(pid).own; now > before; now = cpu(pid).own) {
    before = now
    await sleep(200)
  }
}
