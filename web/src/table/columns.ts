/** A column of a DataTable. `key` is also the name of the cell's slot and the head of the exported column. */
export interface Column<T> {
  key: string
  label: string
  /** What the filter looks into, and what a cell without a slot shows. */
  text?: (row: T) => string
  /** By what it is sorted; unknown ones come last in either direction. */
  sort?: (row: T) => string | number | null | undefined
  /** What the export holds of it. */
  csv?: (row: T) => string | number | boolean | null | undefined
  /** Only in the export. */
  hidden?: boolean
  number?: boolean
  nowrap?: boolean
}

export function sorted<T>(rows: T[], column: Column<T>, down: boolean, language: string): T[] {
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  return [...rows].sort((one, other) => {
    const a = column.sort?.(one)
    const b = column.sort?.(other)
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1
    if (b === null || b === undefined) return -1
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b))
    return down ? -order : order
  })
}
