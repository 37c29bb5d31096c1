import { api, type DiffItem, type FoundItem, type Snapshot, type SnapshotFilter, type SnapshotFolder, type SnapshotEntry } from '../api/client'
import type { AskedPages } from '../composables/usePages'
import type { Asked } from './asked'
import { every } from './client'
import { keys } from './keys'
import { orNull } from './repository'

export const allSnapshotsQuery = (filter: SnapshotFilter): AskedPages<Snapshot> => ({
  queryKey: [...keys.snapshots, 'pages', filter],
  load: (limit, after) => api.snapshots(filter, limit, after),
  size: 50,
  seconds: () => 30,
})

export const snapshotQuery = (id: string): Asked<Snapshot> => ({
  queryKey: [...keys.snapshots, id],
  queryFn: () => api.snapshot(id),
  refetchInterval: every(() => 60),
})
/** Several by their ids, without those that are gone. */
export const snapshotsByIdQuery = (ids: readonly string[]): Asked<Map<string, Snapshot>> => ({
  queryKey: [...keys.snapshots, 'named', ...ids],
  queryFn: async () => new Map((await Promise.all(ids.map((id) => orNull(api.snapshot(id))))).flatMap((one) => (one ? [[one.id, one] as const] : []))),
  enabled: ids.length > 0,
})
/** Those of the same machine that save the same, the newest first: what it may be compared with. */
export const likeQuery = (of: Snapshot): Asked<Snapshot[]> => ({
  queryKey: [...keys.snapshots, of.id, 'like'],
  queryFn: async () => {
    const { items } = await api.snapshots({ repository_id: of.repository_id, hostname: of.hostname ?? undefined, dumps: false }, 200)
    return items.filter((one) => one.id !== of.id)
  },
})

/** How it stands with the listing of a folder, without its entries. */
export const folderQuery = (snapshot: string, path: string): Asked<SnapshotFolder> => ({
  queryKey: [...keys.snapshots, snapshot, 'folder', path],
  queryFn: () => api.folder(snapshot, path, 1),
  refetchInterval: every((folder) => (folder?.state === 'listing' ? 1 : 0)),
})
export type EntryRow = SnapshotEntry & { id: string }
/** What is in it never changes. */
export const entriesQuery = (snapshot: string, path: string, task: string): AskedPages<EntryRow> => ({
  queryKey: [...keys.snapshots, snapshot, 'entries', path, task],
  load: async (limit, after) => {
    const { items, next } = await api.folder(snapshot, path, Math.min(limit, 200), after)
    return { items: items.map((entry) => ({ ...entry, id: entry.name_base64 ?? entry.name })), next }
  },
  size: 200,
  seconds: () => 0,
})

export type Numbered<T> = T & { id: string }
/** What a task found, in pages. */
const itemsQuery = <T extends object>(task: string): AskedPages<Numbered<T>> => ({
  queryKey: [...keys.tasks, task, 'items'],
  load: async (limit, after) => {
    const { items, next } = await api.taskItems(task, Math.min(limit, 200), after)
    return { items: items.map((one) => ({ ...(one.value as T), id: String(one.item) })), next }
  },
  size: 200,
  seconds: () => 0,
})
export const hitsQuery = (task: string): AskedPages<Numbered<FoundItem>> => itemsQuery<FoundItem>(task)
export const changesQuery = (task: string): AskedPages<Numbered<DiffItem>> => itemsQuery<DiffItem>(task)
