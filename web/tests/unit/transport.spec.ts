import { describe, expect, it } from 'vitest'
import { isOpenWay } from '../../src/utils/transport'

describe('isOpenWay', () => {
  it('is http to another machine', () => {
    for (const hostname of ['backup.example.com', '192.168.1.5', '[fe80::1]', '127.example.com']) {
      expect(isOpenWay({ protocol: 'http:', hostname }), hostname).toBe(true)
      expect(isOpenWay({ protocol: 'https:', hostname }), hostname).toBe(false)
    }
    for (const hostname of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]', 'a.localhost']) expect(isOpenWay({ protocol: 'http:', hostname }), hostname).toBe(false)
  })
})
