import { meaningOf, type Failure } from './errors'

/**
 * What host and agents say of backups, in German: every sentence of ours, wherever it stands in a longer text. "$1" is
 * what it names. restic's own words are nobody's to translate.
 */
const GERMAN: [RegExp, string][] = [
  [/The snapshot ([0-9a-f]{8}) is no longer in the repository/g, 'Der Snapshot $1 ist nicht mehr im Repository'],
  [/The snapshot ([0-9a-f]{8}) has no (\/.*)/g, 'Im Snapshot $1 gibt es $2 nicht'],
  [/One of the snapshots ([0-9a-f]{8}) and ([0-9a-f]{8}) has no folder (\/.*)/g, 'In einem der Snapshots $1 und $2 gibt es den Ordner $3 nicht'],
  [/The pattern (.*) cannot be read: a bracket or a backslash in it has no end/g, 'Das Muster $1 ist nicht lesbar: Eine Klammer oder ein umgekehrter Schrägstrich darin hat kein Ende'],
  [/None of the snapshots is there any more\./g, 'Keinen der Snapshots gibt es noch.'],
  [/No agent works with the repository "(.*?)", and none is known of the machine that made the snapshot\./g, 'Kein Agent arbeitet mit dem Repository „$1“, und von dem Rechner, der den Snapshot gemacht hat, ist keiner bekannt.'],
  [/Nothing is removed from a damaged repository\./g, 'Aus einem beschädigten Repository wird nichts entfernt.'],
  [/restic check found an error: /g, 'restic check fand einen Fehler: '],
  [/The repository no longer has any of its snapshots: they were removed there\./g, 'Im Repository ist keiner seiner Snapshots mehr: Sie wurden dort entfernt.'],
  [/The sources have (.+?), less than half of the usual (.+?B|\d+)\./g, 'Die Quellen haben $1, weniger als die Hälfte der üblichen $2.'],
  [/The server was away, and the policy makes up for nothing\./g, 'Der Server war weg, und die Richtlinie holt nichts nach.'],
  [/The server was away, and one backup was made for all that was missed\./g, 'Der Server war weg, und für alles Versäumte wurde ein Backup gemacht.'],
  [/The backup before it still waited for its agent\./g, 'Das Backup davor wartete noch auf seinen Agenten.'],
  [/It has not been due yet\./g, 'Noch nicht fällig.'],
  [/The last one failed\./g, 'Zuletzt fehlgeschlagen.'],
  [/It is overdue\./g, 'Überfällig.'],
  [/The last good one was 1 day ago\./g, 'Zuletzt gut vor einem Tag.'],
  [/The last good one was (\d+) days ago\./g, 'Zuletzt gut vor $1 Tagen.'],
  [/There was none in 1 day\./g, 'Seit einem Tag keine gute.'],
  [/There was none in (\d+) days\./g, 'Seit $1 Tagen keine gute.'],
  [/No check has been made yet\./g, 'Noch ist keine Prüfung gemacht worden.'],
  [/There is no snapshot yet\./g, 'Es gibt noch keinen Snapshot.'],
  [/There is no snapshot\./g, 'Es gibt keinen Snapshot.'],
  [/Nothing has been saved though it was due\./g, 'Es wurde nichts gesichert, obwohl es fällig war.'],
  [/the reason is not known\./g, 'Der Grund ist nicht bekannt.'],
  [/A check found damage in the repository, so nothing is removed before a check that reads as much finds none\./g, 'Eine Prüfung fand Schäden im Repository; darum wird nichts entfernt, bis eine Prüfung, die so viel liest, keine findet.'],
  [/No file was saved; the last run had 1 file\. Is what is backed up mounted\?/g, 'Keine Datei wurde gesichert; der letzte Lauf hatte eine. Ist eingehängt, was gesichert wird?'],
  [/No file was saved; the last run had (\d+) files\. Is what is backed up mounted\?/g, 'Keine Datei wurde gesichert; der letzte Lauf hatte $1. Ist eingehängt, was gesichert wird?'],
  [/No file was saved: the sources are empty, or everything in them was excluded\./g, 'Keine Datei wurde gesichert: Die Quellen sind leer, oder alles in ihnen ist ausgeschlossen.'],
  [/No file was saved: the exclude patterns may leave out everything\.?/g, 'Keine Datei wurde gesichert: Die Ausschlussmuster lassen vielleicht alles weg.'],
  [/No file was saved\.?/g, 'Keine Datei wurde gesichert.'],
  [/Only 1 file was saved; the last run had (\d+) files\. Is what is backed up mounted\?/g, 'Nur eine Datei wurde gesichert; der letzte Lauf hatte $1. Ist eingehängt, was gesichert wird?'],
  [/Only (\d+) files were saved; the last run had (\d+) files\. Is what is backed up mounted\?/g, 'Nur $1 Dateien wurden gesichert; der letzte Lauf hatte $2. Ist eingehängt, was gesichert wird?'],
  [/The agent named no snapshot: nothing shows that anything was saved\./g, 'Der Agent hat keinen Snapshot genannt: Nichts zeigt, dass etwas gesichert wurde.'],
  [/1 file could not be read; in the run before it was (\d+)\.?/g, 'Eine Datei war nicht lesbar; im Lauf davor waren es $1.'],
  [/(\d+) files could not be read; in the run before it was (\d+)\.?/g, '$1 Dateien waren nicht lesbar; im Lauf davor waren es $2.'],
  [/1 file could not be read in the last backup\./g, 'Eine Datei war beim letzten Backup nicht lesbar.'],
  [/(\d+) files could not be read in the last backup\./g, '$1 Dateien waren beim letzten Backup nicht lesbar.'],
  [/At least (\d+) files could not be read\.?/g, 'Mindestens $1 Dateien waren nicht lesbar.'],
  [/\b1 file could not be read\.?/g, 'Eine Datei war nicht lesbar.'],
  [/(\d+) files could not be read\.?/g, '$1 Dateien waren nicht lesbar.'],
  [/Some files could not be read; restic's list of them is lost\.?/g, 'Einige Dateien waren nicht lesbar; restics Liste von ihnen ist verloren.'],
  [/restic says that some files could not be read, and not which\.?/g, 'restic sagt, dass einige Dateien nicht lesbar waren, und nicht, welche.'],
  [/The source (\/.*?) does not exist\.?(?=\s|$)/g, 'Die Quelle $1 gibt es nicht.'],
  [/The source (\/.*?) is a link to (.+?); only the link is saved, and nothing of what it points to\. Name that path itself\.?/g, 'Die Quelle $1 ist ein Verweis auf $2; nur der Verweis wird gesichert, und nichts von dem, worauf er zeigt. Nennen Sie diesen Pfad selbst.'],
  [/The source (\/.*?) is an empty folder; is its disk mounted\?/g, 'Die Quelle $1 ist ein leerer Ordner; ist ihre Platte eingehängt?'],
  [/restic ended with the exit code (-?\d+)\./g, 'restic endete mit dem Code $1.'],
  [/restic was ended by (.+?) after it had made its snapshot\.?/g, 'restic wurde durch $1 beendet, nachdem es seinen Snapshot gemacht hatte.'],
  [/The sources have (.+?); the policy expects at least (.+?B)\./g, 'Die Quellen haben $1; die Richtlinie erwartet mindestens $2.'],
  [/Nothing is removed after a doubtful backup \((.*?)\): the next one that succeeds frees this again\./g, 'Nach einem zweifelhaften Backup wird nichts entfernt ($1): Das nächste, das gelingt, gibt es wieder frei.'],
  [/\b([Tt])he one before still waits\./g, 'Die Aufgabe davor wartet noch.'],
  [/No agent works with the repository\./g, 'Kein Agent arbeitet mit dem Repository.'],
  [/The repository's maintenance agent was removed: name another one\./g, 'Der Agent, der das Repository pflegt, wurde entfernt: Nennen Sie einen anderen.'],
  [/The agent on (\S+) is too old to keep to the snapshots of one machine; update it\./g, 'Der Agent auf $1 ist zu alt, um sich an die Snapshots eines Rechners zu halten; aktualisieren Sie ihn.'],
  [/The agent on (.*?) is too old to keep snapshots by their tags; update it\./g, 'Der Agent auf $1 ist zu alt, um Snapshots nach ihren Schlagworten zu behalten; aktualisieren Sie ihn.'],
  [/The agents may only add to the repository "(.*?)": its maintenance agent forgets and prunes\./g, 'Die Agenten dürfen in das Repository „$1“ nur hinzufügen: Entfernen und Platz freigeben kann allein der, der es pflegt.'],
  [/The clock of the agent's machine is 1 hour ahead\./g, 'Die Uhr des Rechners geht eine Stunde vor.'],
  [/The clock of the agent's machine is (\d+) hours ahead\./g, 'Die Uhr des Rechners geht $1 Stunden vor.'],
  [/The clock of the agent's machine is (\d+) minutes ahead\./g, 'Die Uhr des Rechners geht $1 Minuten vor.'],
  [/The last snapshot is 1 hours old\./g, 'Der letzte Snapshot ist eine Stunde alt.'],
  [/The last snapshot is (\d+) hours old\./g, 'Der letzte Snapshot ist $1 Stunden alt.'],
  [/The repository has no snapshot\./g, 'Das Repository hat keinen Snapshot.'],
  [/A lock was left behind: (.+)\.$/g, 'Eine Sperre wurde zurückgelassen: $1.'],
  [/The last check did not come to its end: /g, 'Die letzte Prüfung kam nicht zu Ende: '],
  [/Repositories of the kind (\S+) run programs of this server: only an agent can watch them\./g, 'Repositorys der Art $1 führen Programme dieses Servers aus: Nur ein Agent kann sie überwachen.'],
  [/The folder (.+?) is on this server's own disk, which shows only what is below restic\.monitor\.local_roots \(AE_DIRECT_LOCAL_ROOTS\)\./g, 'Der Ordner $1 ist auf der Platte dieses Servers, die nur zeigt, was unter restic.monitor.local_roots liegt (AE_DIRECT_LOCAL_ROOTS).'],
  [/A repository of the kind (\S+) that this server looks at itself needs its own key and known_hosts: this server's SSH keys are not for tenants\./g, 'Ein Repository der Art $1, nach dem dieser Server selbst sieht, braucht einen eigenen Schlüssel und known_hosts: Die SSH-Schlüssel dieses Servers sind nicht für Mandanten.'],
  [/A repository of the kind (\S+) that this server looks at itself needs (.+?): this server's own identity is not for tenants\./g, 'Ein Repository der Art $1, nach dem dieser Server selbst sieht, braucht eigene Zugangsdaten ($2): Die des Servers sind nicht für Mandanten.'],
  [/The password file (\S+) is a file of this server, which gives only those below restic\.monitor\.secret_roots \(AE_DIRECT_SECRET_ROOTS\)\. Put it into the vault instead\./g, 'Die Passwortdatei $1 ist eine Datei dieses Servers, der nur solche unter restic.monitor.secret_roots (AE_DIRECT_SECRET_ROOTS) hergibt. Geben Sie stattdessen das Passwort selbst an.'],
  [/The (?:certificate file|file of \S+?,) (\S+) is a file of this server, which gives only those below restic\.monitor\.secret_roots \(AE_DIRECT_SECRET_ROOTS\)\. Put it into the vault instead\./g, '$1 ist eine Datei dieses Servers, der nur solche unter restic.monitor.secret_roots (AE_DIRECT_SECRET_ROOTS) hergibt. Geben Sie stattdessen ihren Inhalt an.'],
  [/The server (\S+) has the address (\S+), in a network that is not public\. Its operator allows it with restic\.monitor\.networks \(AE_DIRECT_NETWORKS\)\./g, 'Der Server $1 hat die Adresse $2 in einem Netz, das nicht öffentlich ist. Der Betreiber erlaubt es mit restic.monitor.networks (AE_DIRECT_NETWORKS).'],
  [/The repository "(.*?)" is on the disk of another machine: only the agent there can watch it\./g, 'Das Repository „$1“ ist auf der Platte eines anderen Rechners: Nur der Agent dort kann es überwachen.'],
  [/The last backup failed\./g, 'Das letzte Backup ist fehlgeschlagen.'],
  [/What the database has of this target cannot be read; the host's operator must repair it\./g, 'Was die Datenbank von diesem Ziel hat, ist nicht lesbar; der Betreiber des Servers muss es reparieren.'],
  [/More than (\d+) slots were missed; those before (\S+) are not made up for\./g, 'Mehr als $1 Termine wurden verpasst; die vor $2 werden nicht nachgeholt.'],
  [/The slot could not be taken; the host's log says why\./g, 'Der Termin konnte nicht wahrgenommen werden; das Protokoll des Servers sagt, warum.'],
  [/The time zone "(.*?)" is not known on this host\. Install its zone data \(tzdata\), or name another zone\./g, 'Die Zeitzone „$1“ kennt dieser Server nicht. Installieren Sie ihre Daten (tzdata), oder nennen Sie eine andere.'],
  [/The schedule "(.*?)" never comes outside its blackout windows\. Leave a gap\./g, 'Der Zeitplan „$1“ kommt außerhalb seiner Ruhezeiten nie. Lassen Sie eine Lücke.'],
  [/The schedule "(.*?)" names a date that never comes\. Correct its day or month\./g, 'Der Zeitplan „$1“ nennt ein Datum, das nie kommt. Berichtigen Sie Tag oder Monat.'],
  [/Nothing says which repository it is for: neither the request nor its policy names a repository, and the agent (\S+) reports none of its own\./g, 'Es fehlt, wohin gesichert wird: Weder die Anfrage noch ihre Richtlinie nennt ein Repository, und der Agent $1 hat kein eigenes.'],
  [/The repository "(.*?)" is on the disk of another agent; its tasks go there\./g, 'Das Repository „$1“ ist auf der Platte eines anderen Agenten; seine Aufgaben gehen dorthin.'],
  [/The policy "(.*?)" is not linked to the agent (\S+): link it first\./g, 'Die Richtlinie „$1“ ist mit dem Agenten $2 nicht verknüpft: Verknüpfen Sie beide zuerst.'],
  [/The password file (\/.*?) does not exist on this machine\.?/g, 'Die Passwortdatei $1 gibt es auf diesem Rechner nicht.'],
  [/The password file must be an absolute path, or relative to restic\.config_dir\.?/g, 'Die Passwortdatei muss ein absoluter Pfad sein, oder einer unter restic.config_dir.'],
  [/The certificate file (\/.*?) cannot be read\.?/g, 'Die Zertifikatsdatei $1 ist nicht lesbar.'],
  [/The agent is too old for the policy's databases: it would save its files only\. Upgrade it\./g, 'Der Agent ist zu alt für die Datenbanken der Richtlinie: Er würde nur ihre Dateien sichern. Aktualisieren Sie ihn.'],
  [/The restore test before still waits\./g, 'Der Restore-Test davor wartet noch.'],
  [/There is no new dump of (.*?) \((\w+)\)\./g, 'Von $1 ($2) gibt es keinen neuen Dump.'],
  [/The dump of (.*?) \((\w+)\) has (.*?); the last ones had about (.*?)\./g, 'Der Dump von $1 ($2) hat $3; die letzten hatten etwa $4.'],
  [/Not dumped: /g, 'Ohne Dump: '],
  [/\. Everything else was saved/g, '. Alles andere wurde gesichert'],
  [/The plugin (\S+) is not installed on this machine/g, 'Das Plugin $1 ist auf diesem Rechner nicht installiert'],
  [/The plugin (\S+) is switched off on this machine; switch it on with restic-agent plugin enable \S+/g, 'Das Plugin $1 ist auf diesem Rechner ausgeschaltet'],
  [/The machine's local policy does not allow the plugin (\S+)/g, 'Die Regeln des Rechners erlauben das Plugin $1 nicht'],
  [/the dump holds nothing/g, 'der Dump ist leer'],
  [/The disk of the folder for dumps (.*?) has (.*?) left; the dump may need (.*?), and (.*?) are kept free/g, 'Auf der Platte des Ordners für Dumps, $1, sind $2 frei; der Dump braucht wohl $3, und $4 bleiben frei'],
  [/The disk of the folder for dumps (.*?) has (.*?) left; (.*?) are kept free/g, 'Auf der Platte des Ordners für Dumps, $1, sind $2 frei; $3 bleiben frei'],
  [/The folder for dumps (.*?) would hold (.*?); dumps\.max_disk_usage allows ([\d.,]+ \w+)/g, 'Der Ordner für Dumps, $1, würde $2 enthalten; dumps.max_disk_usage erlaubt $3'],
  [/The snapshot (\w+) does not hold the whole dump/g, 'Der Snapshot $1 enthält den Dump nicht vollständig'],
  [/The agent was ended while the dump was saved; whether the snapshot (\w+) holds it could not be looked up/g, 'Der Agent wurde beendet, während der Dump gesichert wurde; ob der Snapshot $1 ihn enthält, ließ sich nicht nachsehen'],
  [/Another dump of this backup lies at (.*?) already/g, 'Ein anderer Dump dieses Backups liegt schon unter $1'],
  [/The repository's file system does not answer\.?/g, 'Das Dateisystem des Repositorys antwortet nicht.'],
  [/It is valid from (\S+) on only; look at this machine's clock\./g, 'Es gilt erst ab $1; prüfen Sie die Uhr dieses Rechners.'],
  [/It ended on (\S+); replace it\./g, 'Es ist am $1 abgelaufen; ersetzen Sie es.'],
  [/It ends on (\S+); replace it, or look at what should have renewed it\./g, 'Es läuft am $1 ab; ersetzen Sie es, oder sehen Sie nach, was es hätte erneuern sollen.'],
  [/A web page answers at this address, and no storage: correct the address, or look for a portal or a proxy on the way\.?/g, 'Unter dieser Adresse antwortet eine Webseite und kein Speicher: Berichtigen Sie die Adresse, oder suchen Sie nach einem Portal oder Proxy dazwischen.'],
  [/There can be no folder (\/.*?): (\/.*?) is a link that leads nowhere\. Mount what it leads to, or name another folder\.?/g, 'Einen Ordner $1 kann es nicht geben: $2 ist ein Verweis ins Leere. Hängen Sie ein, wohin er zeigt, oder nennen Sie einen anderen Ordner.'],
  [/None of the sources exists: /g, 'Keine der Quellen existiert: '],
  [/; whether there is a snapshot could not be found out\.?/g, '; ob es einen Snapshot gibt, war nicht zu erfahren.'],
]
const SKIPPED = /^A scheduled backup was not started: /

/** The text with every sentence of ours in German; nullopt where there is none of them in it. */
export function germanIn(text: string): string | null {
  const said = GERMAN.reduce((rest, [sentence, german]) => rest.replace(sentence, german), text)
  return said === text ? null : said
}

/**
 * A reason in the page's language: what it says if that is known, else what its error means. Where neither is known the
 * host's own words are all there is.
 */
export function reasonOf(failure: Failure & { cause?: string | null }, language: string): string {
  if (language !== 'de') return failure.message
  if (SKIPPED.test(failure.message)) {
    const why = failure.message.replace(SKIPPED, '')
    return `Ein geplantes Backup wurde nicht gestartet. ${germanIn(why) ?? `Im Wortlaut: ${why}`}`
  }
  return germanIn(failure.message) ?? (meaningOf({ ...failure, error: failure.cause ?? failure.error }, language) || failure.message)
}
