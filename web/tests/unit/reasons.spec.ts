// @ts-expect-error: the page's code knows no Node
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../src/i18n/reasons'

const german = (message: string, error = '', cause: string | null = null): string => reasonOf({ error, message, cause }, 'de')

describe('reasons', () => {
  it('are the host’s own words on an English page', () => {
    const message = 'The password file /etc/pw does not exist on this machine'
    expect(reasonOf({ error: 'BackupFailed', message, cause: 'AuthenticationFailed' }, 'en')).toBe(message)
  })
  it('name what is missing, in German, before they name its kind', () => {
    expect(german('The password file /etc/pw does not exist on this machine', 'BackupFailed', 'AuthenticationFailed')).toBe('Die Passwortdatei /etc/pw gibt es auf diesem Rechner nicht.')
    expect(german('Fatal: wrong password or no key found', 'BackupFailed', 'AuthenticationFailed')).toBe('Das Passwort des Repositorys ist falsch.')
    expect(german('Fatal: wrong password or no key found', 'AuthenticationFailed')).toBe('Das Passwort des Repositorys ist falsch.')
  })
  it('of several sentences are German in each', () => {
    expect(german('Only 1 file was saved; the last run had 1200 files. Is what is backed up mounted? restic ended with the exit code 3.', 'DoubtfulBackup')).toBe(
      'Nur eine Datei wurde gesichert; der letzte Lauf hatte 1200. Ist eingehängt, was gesichert wird? restic endete mit dem Code 3.',
    )
  })
  it('of a run that was not begun say so, with why', () => {
    expect(german('A scheduled backup was not started: The slot could not be taken; the host\'s log says why.', 'SchedulingFailed')).toBe(
      'Ein geplantes Backup wurde nicht gestartet. Der Termin konnte nicht wahrgenommen werden; das Protokoll des Servers sagt, warum.',
    )
    expect(german('A scheduled backup was not started: whatever', 'SchedulingFailed')).toBe('Ein geplantes Backup wurde nicht gestartet. Im Wortlaut: whatever')
  })
  it('of a restore test say what came back, and what the machine has', () => {
    expect(german('One file came back otherwise than the snapshot 1a2b3c4d says: /srv/a: has 3 bytes; the snapshot says 14', 'RestoreTestFailed')).toBe('Eine Datei kam anders zurück, als der Snapshot 1a2b3c4d sagt: /srv/a: hat 3 Bytes; der Snapshot sagt 14')
    expect(german('2 files came back as the snapshot says, and the machine\'s own file of the same size and time holds something else: /a, /b')).toBe('2 Dateien kamen zurück, wie der Snapshot sagt, und die des Rechners von gleicher Größe und Zeit enthalten etwas anderes: /a, /b')
    expect(german('A file system does not answer, or the restore test took longer than it may')).toBe('Ein Dateisystem antwortet nicht, oder der Restore-Test dauerte länger, als er darf')
  })
  it('that nobody of us wrote stay as they are', () => expect(german('lstat /x: permission denied')).toBe('lstat /x: permission denied'))

  // What the host says of a backup that is not green: a sentence that is added there needs its German here.
  it('are known as the host writes them', () => {
    const file = (name: string): string => readFileSync(new URL(`../../../modules/restic/src/${name}`, import.meta.url), 'utf8')
    const sentences = ['tasks/backup_doubts.cpp', 'status/status_service.cpp', 'lights/care_lights.cpp', 'compliance/compliance.cpp', 'slot.cpp', 'schedule/maintenance_slots.cpp', '../../../core/base/certificate.cpp']
      .flatMap((name) => [...file(name).replace(/"\s*\n\s*"/g, '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!.trim()))
      .filter((text) => /^(?:[A-Z1{]|restic ).* .*[.?]$/.test(text) && !text.startsWith('SELECT'))
    expect(sentences.length).toBeGreaterThan(12)
    for (const sentence of sentences) {
      const said = sentence.replaceAll('\\"', '"').replace('Only {} {} saved', 'Only {} files were saved').replace('had {}.', 'had {} files.').replace('is {} ahead', 'is {} hours ahead').replace('was {} ago', 'was {} days ago').replace('none in {}', 'none in {} days')
      const shown = said.replace('{} could not be read.', '5 files could not be read.').replace('{} could not be read;', '5 files could not be read;').replace('The source {}', 'The source /x').replace('at least {}.', 'at least 5 MiB.').replaceAll('{}', '5')
      expect(german(shown), shown).not.toBe(shown)
    }
  })
})
