import { describe, expect, it } from 'vitest'
import { restoreInput, type RestoreForm } from '../../src/utils/restore'

const form: RestoreForm = { everything: true, paths: ['/home/ada'], inPlace: false, target: ' /srv/back ', overwrite: 'always', verify: true, agent: '' }

describe('what is asked for of a restore', () => {
  it('is everything, into a folder, compared afterwards, by whoever the host chooses', () => {
    expect(restoreInput(form, false)).toEqual({ target: '/srv/back', verify: true })
  })
  it('names the chosen paths, the original place, the machine and how to overwrite', () => {
    expect(restoreInput({ ...form, everything: false, inPlace: true, overwrite: 'never', verify: false, agent: 'a' }, false)).toEqual({ paths: ['/home/ada'], in_place: true, overwrite: 'never', verify: false, agent_id: 'a' })
  })
  it('compares nothing where nothing is written', () => {
    expect(restoreInput(form, true)).toEqual({ target: '/srv/back', dry_run: true })
  })
})
