import { describe, expect, it } from 'vitest'
import { csv, csvCell } from '../../src/utils/csv'

describe('csv', () => {
  it('makes text of what a spreadsheet would compute', () => {
    for (const start of ['=', '+', '-', '@', '\t', '\r']) expect(csvCell(`${start}HYPERLINK("http://x")`)).toBe(`"'${start}HYPERLINK(""http://x"")"`)
  })
  it('leaves numbers and other text as they are', () => {
    expect(csvCell(-5)).toBe('"-5"')
    expect(csvCell('a=b')).toBe('"a=b"')
    expect(csvCell(null)).toBe('""')
    expect(csvCell(undefined)).toBe('""')
    expect(csvCell('say "a", b')).toBe('"say ""a"", b"')
  })
  it('has a head and lines of their own', () => {
    expect(csv(['a', 'b'], [[1, '=2']])).toBe('"a","b"\r\n"1","\'=2"\r\n')
  })
})
