import { describe, expect, it } from 'vitest'
import { changeOf } from '../../src/utils/snapshot_changes'
import { below, crumbsOf, folderOf, nameOf, startOf, trueName } from '../../src/utils/snapshot_paths'

describe('paths in a snapshot', () => {
  it('lead up to the top and no further', () => {
    expect(['/home/ada/x', '/home', '/'].map(folderOf)).toEqual(['/home/ada', '/', '/'])
    expect(['/home/ada/x', '/home', '/'].map(nameOf)).toEqual(['x', 'home', ''])
  })
  it('lead down', () => {
    expect(below('/', 'home')).toBe('/home')
    expect(below('/home', ' a b')).toBe('/home/ a b')
  })
  it('are shown with the folders that lead to them', () => {
    expect(crumbsOf('/')).toEqual([])
    expect(crumbsOf('/home/ada')).toEqual([
      { name: 'home', path: '/home' },
      { name: 'ada', path: '/home/ada' },
    ])
  })
  it('begin in what was saved, if that is one folder', () => {
    expect(startOf(['/srv/data/'])).toBe('/srv/data')
    expect(startOf(['/'])).toBe('/')
    expect(startOf(['/etc', '/home'])).toBe('/')
    expect(startOf(['C:\\data'])).toBe('/')
    expect(startOf([])).toBe('/')
  })
  it('are asked for as they are, and not as they are shown', () => {
    expect(trueName('a\\nb', btoa('a\nb'))).toBe('a\nb')
    expect(trueName('ü', btoa(String.fromCharCode(...new TextEncoder().encode('ü\r'))))).toBe('ü\r')
    expect(trueName('\\x1b??>', 'Gz8_Pg')).toBe('\u001b??>')
    expect(trueName('plain')).toBe('plain')
  })
})

describe('what changed', () => {
  it('is said in the word that says most', () => {
    expect(['+', '-', 'M', 'U', '?', 'T'].map(changeOf)).toEqual(['added', 'removed', 'content', 'metadata', 'damaged', 'type'])
    expect(changeOf('MU')).toBe('content')
    expect(changeOf('TU')).toBe('type')
    expect(changeOf('x')).toBeUndefined()
  })
})
