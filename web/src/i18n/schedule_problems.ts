/** What the host finds wrong with a schedule, in German: which field, which piece, why. */
const FIELDS: Record<string, string> = { minute: 'Minute', hour: 'Stunde', 'day of month': 'Tag des Monats', month: 'Monat', 'day of week': 'Wochentag' }
const WHYS: [RegExp, string][] = [
  [/^has an empty part$/, 'hat einen leeren Teil'],
  [/^is no number$/, 'ist keine Zahl'],
  [/^is neither a number nor a name$/, 'ist weder eine Zahl noch ein Name'],
  [/^must be from (\d+) to (\d+)$/, 'muss von $1 bis $2 sein'],
  [/^ends before it begins$/, 'endet, bevor es beginnt'],
  [/^has a step that is no number from 1 to (\d+)$/, 'hat einen Schritt, der keine Zahl von 1 bis $1 ist'],
  [/^has a step above (\d+), the number of its values$/, 'hat einen Schritt über $1, der Zahl seiner Werte'],
  [/^is no H, H\(from-to\), H\/step or H\(from-to\)\/step$/, 'ist kein H, H(von-bis), H/Schritt oder H(von-bis)/Schritt'],
  [/^has a W behind what is no day from 1 to 31, and no L$/, 'hat ein W hinter dem, was kein Tag von 1 bis 31 und kein L ist'],
  [/^is no L, and no L-1 to L-30 for a day before the last one$/, 'ist kein L und kein L-1 bis L-30 für einen Tag vor dem letzten'],
  [/^names no day of the week before its L or #, like friL or fri#2$/, 'nennt vor L oder # keinen Wochentag wie in friL oder fri#2'],
  [/^must have a number from 1 to 5 behind its #$/, 'braucht hinter # eine Zahl von 1 bis 5'],
]
const SENTENCES: [RegExp, string][] = [
  [/^The schedule "(.*)" must have five fields: .*$/, 'Der Zeitplan „$1“ muss fünf Felder haben: Minute Stunde Tag Monat Wochentag, etwa „0 2 * * *“.'],
  [/^The schedule's day of month "(.*)" names a date that never comes in its month "(.*)"\. .*$/, 'Der Tag des Monats „$1“ kommt im Monat „$2“ nie. Berichtigen Sie Tag oder Monat.'],
  [/^The schedule's day of month "(.*)" does not come with every choice of H in its month "(.*)"\. .*$/, 'Der Tag des Monats „$1“ kommt im Monat „$2“ nicht bei jeder Wahl von H. Berichtigen Sie Tag oder Monat.'],
  [
    /^The schedule's day of month "(.*)" and day of week "(.*)" never fall on one date in its month "(.*)", .*$/,
    'Der Tag des Monats „$1“ und der Wochentag „$2“ fallen im Monat „$3“ nie auf ein Datum, und beide müssen es, da einer mit * beginnt. Berichtigen Sie eines der drei.',
  ],
]

/** null: it is none of these. */
export function germanOfSchedule(message: string): string | null {
  for (const [sentence, german] of SENTENCES) if (sentence.test(message)) return message.replace(sentence, german)
  const [, field = '', piece = '', why = ''] = /^The schedule's (\D+?) "(.*)" (.+)\.$/.exec(message) ?? []
  const found = WHYS.find(([pattern]) => pattern.test(why))
  return found && FIELDS[field] ? `${FIELDS[field]} „${piece}“ ${why.replace(...found)}.` : null
}
