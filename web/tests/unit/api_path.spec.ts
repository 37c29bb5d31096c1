import { describe, expect, it } from 'vitest'
import { apiPath } from '../../src/modules/api_path'

const origin = 'https://backup.example.org'

describe('apiPath', () => {
  it('takes paths of the API as they are', () => {
    expect(apiPath('/api/v1/sites?after=a%2Fb', origin)).toBe('/api/v1/sites?after=a%2Fb')
    expect(apiPath('/api/v1/a/../sites', origin)).toBe('/api/v1/sites')
  })
  it('refuses everything else, where the token would go', () => {
    for (const path of [
      '', 'api/v1/sites', '/', '/runs', '/api', '/apis/x', '/api/../swagger/', '/api/%2e%2e/swagger/', '//api/v1/sites', '/\\evil.example/api/x',
      `${origin}/api/v1/sites`, 'https://evil.example/api/v1/sites', '//evil.example/api/v1/sites', 'javascript:/api/x', '/api/v1/../../m/sites',
    ]) {
      expect(() => apiPath(path, origin), path).toThrow(TypeError)
    }
  })
})
