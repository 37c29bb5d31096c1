// Says what changed between two surfaces, and which number has to change with it.

/** A snapshot's head and its surface. `released` is null, or the version and module ABI of the last released SDK. */
export function readSnapshot(text) {
  const head = /^# .*\nmodule-abi (\d+)\nreleased (?:none|(\S+) module-abi (\d+))\n\n/.exec(text)
  if (!head) throw new Error('the snapshot does not begin with its module ABI; ./dev abi writes it anew')
  return {
    abi: Number(head[1]),
    released: head[2] ? { version: head[2], abi: Number(head[3]) } : null,
    surface: text.slice(head[0].length),
  }
}

export function writeSnapshot({ abi, released, surface }) {
  const last = released ? `${released.version} module-abi ${released.abi}` : 'none'
  return `# What modules see of the SDK in binary form; written by ./dev abi, see docs/adr/0016-abi-snapshot.md\nmodule-abi ${abi}\nreleased ${last}\n\n${surface}`
}

/** Blocks by what they are about: "type core::Module", without its size. */
function blocks(surface) {
  const found = new Map()
  let lines
  for (const line of surface.split('\n').filter(Boolean)) {
    if (line.startsWith('  ')) {
      lines.push(line)
      continue
    }
    lines = [line]
    const key = line.startsWith('symbol ') ? line : line.replace(/(, [\d.]+ bytes|: \S+| = .*)$/, '')
    found.set(key, lines)
  }
  return found
}

/** True if new virtual functions at the end are the only difference. */
const grown = (before, after) =>
  before.every((line, i) => line === after[i]) && after.slice(before.length).every((line) => line.startsWith('  virtual '))

export function differences(before, after) {
  const old = blocks(before)
  const now = blocks(after)
  const found = { gone: [], changed: [], grown: [], added: [] }
  for (const [key, lines] of old) {
    const other = now.get(key)
    if (!other) found.gone.push({ key, lines: lines.map((line) => `- ${line}`) })
    else if (other.join('\n') !== lines.join('\n')) {
      const both = [
        ...lines.filter((line) => !other.includes(line)).map((line) => `- ${line}`),
        ...other.filter((line) => !lines.includes(line)).map((line) => `+ ${line}`),
      ]
      found[grown(lines, other) ? 'grown' : 'changed'].push({ key, lines: both.length ? both : ['~ the order of its lines'] })
    }
  }
  for (const [key, lines] of now) if (!old.has(key)) found.added.push({ key, lines: lines.map((line) => `+ ${line}`) })
  return found
}

const titles = { gone: 'gone', changed: 'changed', grown: 'new virtual functions at the end of', added: 'new' }

/**
 * What to say of a surface that is not the recorded one; null if nothing changed. `mustBump`: it may not be recorded
 * before the module ABI number is higher than that of the last released SDK.
 */
export function judge(snapshot, { surface, abi }) {
  const found = differences(snapshot.surface, surface)
  const any = Object.values(found).some((list) => list.length)
  if (!any && abi === snapshot.abi) return null
  const report = Object.entries(found).flatMap(([kind, list]) =>
    list.flatMap(({ key, lines }) => [`${titles[kind]}: ${key}`, ...(key.startsWith('symbol ') ? [] : lines)]),
  )
  const record = 'run ./dev abi, commit abi/sdk.abi, and give the reason in the commit'
  const { released } = snapshot
  const breaking = found.gone.length + found.changed.length > 0
  const bumped = released !== null && abi > released.abi
  const where = 'kModuleAbi in core/include/core/module/module_abi.h'
  const advice = []
  if (!any) advice.push(`The module ABI number is ${abi}, the snapshot has ${snapshot.abi}: ${record}.`)
  else if (!released) advice.push(`No SDK has been released yet, so no number changes. If the change is meant, ${record}.`)
  else if (bumped) advice.push(`The module ABI is ${abi} already, that of the released SDK ${released.version} was ${released.abi}. If the change is meant, ${record}.`)
  else if (breaking) {
    advice.push(
      `A module built with the released SDK ${released.version} would misread this host. Take the change back, or increase ${where}`,
      `from ${abi} to ${released.abi + 1}, so that the host refuses such modules; then ${record}.`,
    )
  } else if (found.grown.length) {
    advice.push(
      `If modules implement ${found.grown.map(({ key }) => key.replace('type ', '')).join(' or ')}, those built with the released SDK ${released.version} lack these functions:`,
      `increase ${where} from ${abi} to ${released.abi + 1}. If only the host implements it, no number changes. Then ${record}.`,
    )
  } else advice.push(`Modules built with the released SDK ${released.version} still fit; no number changes. If the addition is meant, ${record}.`)
  return { report, advice, mustBump: released !== null && breaking && !bumped }
}
