import { i18n } from '.'
import type { Problem } from '../api/errors'
import { germanOfSchedule } from './schedule_problems'

/** What the host says of single fields, in German. "$1" is what it names. */
const GERMAN: [RegExp, string][] = [
  [/^is required$/, 'fehlt'],
  [/^is required again: the repository's address has changed$/, 'ist neu anzugeben: Die Adresse des Repositorys hat sich geändert'],
  [/^must be given again: it goes to another place now$/, 'ist neu anzugeben: Es geht jetzt an einen anderen Ort'],
  [/^is changed on the machine only$/, 'wird nur auf dem Rechner geändert'],
  [/^holds a secret of the machine: where it is sent is changed there$/, 'enthält ein Geheimnis des Rechners: Wohin es geht, wird dort geändert'],
  [/^is not a setting of this plugin$/, 'ist keine Einstellung dieses Plugins'],
  [/^is the one that the repository has$/, 'ist das, was das Repository schon hat'],
  [/^is not a known field$/, 'ist nicht bekannt'],
  [/^must not be empty$/, 'darf nicht leer sein'],
  [/^must not be blank$/, 'darf nicht nur aus Unsichtbarem bestehen'],
  [/^must be an absolute path\b.*/, 'muss ein absoluter Pfad sein'],
  [/^must be at least (.+)$/, 'muss mindestens $1 sein'],
  [/^must be at most (.+)$/, 'darf höchstens $1 sein'],
  [/^must have at least (\d+) items?$/, 'braucht mindestens $1 Einträge'],
  [/^must have at most (\d+) items?$/, 'darf höchstens $1 Einträge haben'],
  [/^must have at least (\d+) characters?$/, 'braucht mindestens $1 Zeichen'],
  [/^must have at most (\d+) characters?$/, 'darf höchstens $1 Zeichen haben'],
  [/^must be one of (.+)$/, 'muss eines davon sein: $1'],
  [/^must be a number, not .+$/, 'muss eine Zahl sein'],
  [/^must be (?:an integer|a whole number).*$/, 'muss eine ganze Zahl sein'],
  [/^must be text, not .+$/, 'muss Text sein'],
  [/^must be true or false, not .+$/, 'muss wahr oder falsch sein'],
  [/^is out of range$/, 'liegt außerhalb des Möglichen'],
  [/^must not contain a comma$/, 'darf kein Komma enthalten'],
  [/^must not contain a line break$/, 'darf keinen Zeilenumbruch enthalten'],
  [/^must not contain control characters$/, 'darf keine Steuerzeichen und keine Zeichen enthalten, die die Schreibrichtung ändern'],
  [/^must be UTF-8$/, 'muss UTF-8 sein'],
  [/^must not begin or end with white space.*$/, 'darf nicht mit Leerraum beginnen oder enden'],
  [/^must not begin or end with a space$/, 'darf nicht mit einem Leerzeichen beginnen oder enden'],
  [/^must be one line without control characters$/, 'muss eine Zeile ohne Steuerzeichen sein'],
  [/^must not contain a password.*$/, 'darf kein Passwort enthalten'],
  [/^must not contain quotes or backslashes$/, 'darf keine Anführungszeichen und keine umgekehrten Schrägstriche enthalten'],
  [/^must be the name or the address of a host$/, 'muss der Name oder die Adresse eines Rechners sein'],
  [/^must consist of letters, digits.*$/, 'darf nur Buchstaben, Ziffern, „.“, „_“ und „-“ enthalten und nicht mit „-“ beginnen'],
  [/^must begin with https:\/\/ or http:\/\/$/, 'muss mit https:// oder http:// beginnen'],
  [/^must be a URL$/, 'muss eine URL sein'],
  [/^must name a place behind (.+)$/, 'muss hinter $1 einen Ort nennen'],
  [/^must name a server and, behind a slash, a bucket$/, 'muss einen Server und hinter einem Schrägstrich einen Bucket nennen'],
  [/^must name a folder behind the host$/, 'muss hinter dem Rechner einen Ordner nennen'],
  [/^must be a folder below \/$/, 'muss ein Ordner unter / sein'],
  [/^must not contain backslashes$/, 'darf keine umgekehrten Schrägstriche enthalten'],
  [/^must close the address with "\]"$/, 'muss die Adresse mit „]“ schließen'],
  [/^must name a host$/, 'muss einen Rechner nennen'],
  [/^must have a port from 1 to 65535 behind the host, or none$/, 'muss hinter dem Rechner einen Port von 1 bis 65535 haben oder keinen'],
  [/^must have 3 to 255 characters.*$/, 'muss 3 bis 255 Zeichen haben: Andere Namen hat kein Speicher'],
  [/^must be the private key; this is the public one$/, 'muss der private Schlüssel sein; das ist der öffentliche'],
  [/^must be a private key, from its line.*$/, 'muss ein privater Schlüssel sein, ab seiner Zeile „-----BEGIN … PRIVATE KEY-----“'],
  [/^must be the whole key, with its line.*$/, 'muss der ganze Schlüssel sein, mit seiner Zeile „-----END … PRIVATE KEY-----“'],
  [/^must have no passphrase.*$/, 'darf keine Passphrase haben: Niemand ist da, um sie zu tippen'],
  [/^is required with (\w+)$/, 'wird mit $1 gebraucht'],
  [/^must be the whole key, in base64$/, 'muss der ganze Schlüssel sein, in Base64'],
  [/^must be the JSON of a key, as Google hands it out$/, 'muss das JSON eines Schlüssels sein, wie Google es ausgibt'],
  [/^must not name a user.*$/, 'darf keinen Benutzer nennen: Dafür gibt es ein Feld'],
  [/^and (\w+) exclude each other$/, 'und $1 schließen sich aus'],
]

/** A field's name on the page: "Paths (2nd)" instead of /include_paths/1. */
export function fieldName(pointer: string): string {
  const parts = pointer.split('/').filter(Boolean)
  const number = parts.find((part) => /^\d+$/.test(part))
  const key = [...parts].reverse().find((part) => i18n.global.te(`field.${part}`)) ?? ''
  const name = key ? i18n.global.t(`field.${key}`) : parts.filter((part) => !/^\d+$/.test(part)).join(' ').replaceAll('_', ' ')
  return number === undefined ? name : `${name} ${Number(number) + 1}`
}

/** What the host says is wrong, in the page's language as far as that is known. */
export function messageText(message: string): string {
  if (i18n.global.locale.value !== 'de') return message
  const known = GERMAN.find(([pattern]) => pattern.test(message))
  return known ? message.replace(known[0], known[1]) : (germanOfSchedule(message) ?? message)
}

/** At a field itself: "2: must not be empty" for its second line. */
export function problemAt(problem: Problem, pointer: string): string {
  const inner = problem.pointer.slice(pointer.length + 1).replaceAll('~1', '/').replaceAll('~0', '~')
  const where = /^\d+$/.test(inner) ? `${Number(inner) + 1}: ` : inner ? `${inner}: ` : ''
  return where + messageText(problem.message)
}

/** "Paths 1 must be an absolute path", in the page's language. */
export function problemText(problem: Problem): string {
  const name = fieldName(problem.pointer)
  const message = messageText(problem.message)
  return name ? `${name}: ${message}` : message
}
