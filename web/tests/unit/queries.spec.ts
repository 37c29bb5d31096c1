// @vitest-environment happy-dom
import { onlineManager, QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick, ref, type Ref } from 'vue'
import type { Page } from '../../src/api/client'
import { ApiError, ClientError } from '../../src/api/errors'
import { useAnswer } from '../../src/composables/useAnswer'
import { useChange } from '../../src/composables/useChange'
import { usePages } from '../../src/composables/usePages'
import { every, makeQueryClient } from '../../src/queries/client'

const missing = new ApiError('NotFound', 'none', 404, [])
const network = new ClientError('NetworkError')
let ended = vi.fn()
let client: QueryClient
let unmount: () => void = () => undefined

/** Runs `setup` as a component's, with a client as the page has it. */
function use<T>(setup: () => T): T {
  let made: T | undefined
  const wrapper = mount({ setup: () => ((made = setup()), () => null) }, { global: { plugins: [[VueQueryPlugin, { queryClient: client }]] } })
  unmount = () => wrapper.unmount()
  return made!
}
function hide(hidden: boolean): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(hidden ? 'hidden' : 'visible')
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
}
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

beforeEach(() => {
  vi.useFakeTimers()
  ended = vi.fn()
  client = makeQueryClient(ended)
})
afterEach(() => {
  unmount()
  client.clear()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('an answer of the host', () => {
  const asking = (ask: () => Promise<number>, seconds = 10) =>
    use(() => useAnswer<number>(() => ({ queryKey: ['n'], queryFn: ask, refetchInterval: every<number>(() => seconds) })))

  it('is renewed while somebody looks, and at once when they look again', async () => {
    let n = 0
    const ask = vi.fn(async () => ++n)
    const { data, loading } = asking(ask)
    expect(loading.value).toBe(true)
    await pass(0)
    expect([data.value, loading.value]).toEqual([1, false])
    await pass(20)
    expect(data.value).toBe(3)
    hide(true)
    await pass(120)
    expect(ask).toHaveBeenCalledTimes(3)
    hide(false)
    await pass(0)
    expect(data.value).toBe(4)
  })
  it('stays while the host fails, which is asked less and less often, and then as before', async () => {
    let fails = false
    const ask = vi.fn(async () => {
      if (fails) throw network
      return 7
    })
    const { data, error } = asking(ask)
    await pass(0)
    fails = true
    await pass(10)
    expect([data.value, error.value]).toEqual([7, network])
    ask.mockClear()
    await pass(600)
    expect(ask.mock.calls.length).toBeGreaterThan(8)
    expect(ask.mock.calls.length).toBeLessThan(16) // every 10 s it would be 60
    fails = false
    await pass(60)
    expect([data.value, error.value]).toEqual([7, null])
    ask.mockClear()
    await pass(30)
    expect(ask.mock.calls.length).toBeGreaterThanOrEqual(3)
  })
  it('that there never was keeps its error while it is asked for again', async () => {
    const { error, loading } = asking(() => new Promise((_, reject) => setTimeout(() => reject(network), 3000)))
    await pass(3)
    expect(error.value).toBe(network)
    await pass(11) // within the second attempt
    expect([error.value, loading.value]).toEqual([network, false])
  })
  it('waits for no network, and is renewed as soon as there is one again', async () => {
    onlineManager.setOnline(false)
    const ask = vi.fn(async () => 1)
    const { data } = asking(ask)
    await pass(0)
    expect(data.value).toBe(1)
    onlineManager.setOnline(true)
    await pass(0)
    expect(ask).toHaveBeenCalledTimes(2)
  })
  it('is not asked for again where there is none, until somebody wishes', async () => {
    const ask = vi.fn(async (): Promise<number> => Promise.reject(missing))
    const { error, reload } = asking(ask)
    await pass(100)
    hide(true)
    hide(false)
    await pass(100)
    expect(ask).toHaveBeenCalledTimes(1)
    expect(error.value).toBe(missing)
    await reload()
    expect(ask).toHaveBeenCalledTimes(2)
  })
  it('tells of a session that has ended, once', async () => {
    asking(() => Promise.reject(new ClientError('Unauthorized')))
    await pass(100)
    expect(ended).toHaveBeenCalledTimes(1)
  })
})

describe('a list in pages', () => {
  interface Row {
    id: string
  }
  /** A host with that many rows, whose cursor is the number of the next row. */
  function list(count: number, filter: Ref<string> = ref('')) {
    const asked: number[] = []
    const load = (name: string) => async (limit: number, after: string | null): Promise<Page<Row>> => {
      asked.push(limit)
      const from = Number(after ?? 0)
      const items = Array.from({ length: Math.min(limit, count - from) }, (_, i) => ({ id: `${name}${from + i}` }))
      return { items, next: from + limit < count ? String(from + limit) : null }
    }
    const pages = use(() => usePages<Row>(() => ({ queryKey: ['rows', filter.value], load: load(filter.value), seconds: () => 10 })))
    return { ...pages, asked }
  }
  it('goes on where it ended, holds all on demand and is renewed as far as it was loaded', async () => {
    const { rows, more, loadMore, loadAll, asked } = list(1550)
    await pass(0)
    expect([rows.value.length, more.value]).toEqual([100, true])
    await loadMore()
    await pass(0)
    expect(rows.value.length).toBe(200)
    const all = await loadAll()
    await pass(0)
    expect([all.length, rows.value.length, more.value]).toEqual([1550, 1550, false])
    expect(asked).toEqual([100, 100, 200, 400, 500, 500])
    asked.length = 0
    await pass(10)
    expect(asked).toEqual([100, 100, 200, 400, 500, 500])
    expect(rows.value.length).toBe(1550)
  })
  it('keeps its rows until those of another filter are there', async () => {
    const filter = ref('a')
    const { rows, loading, busy } = list(3, filter)
    await pass(0)
    filter.value = 'b'
    await nextTick()
    expect([rows.value[0]!.id, loading.value, busy.value]).toEqual(['a0', false, true])
    await pass(0)
    expect([rows.value[0]!.id, busy.value]).toEqual(['b0', false])
  })
})

describe('a change', () => {
  it('renews what it may have changed, also after a refusal, which it keeps', async () => {
    const ask = vi.fn(async () => 1)
    const { change, failure, busy } = use(() => {
      useAnswer<number>(() => ({ queryKey: ['things', 'all'], queryFn: ask }))
      return useChange(['things'])
    })
    await pass(0)
    const done = change(async () => undefined)
    await pass(0)
    expect([await done, ask.mock.calls.length, failure.value]).toEqual([true, 2, null])
    const refused = change(() => Promise.reject(missing))
    await pass(0)
    expect([await refused, ask.mock.calls.length, failure.value, busy.value]).toEqual([false, 3, missing, false])
  })
})
