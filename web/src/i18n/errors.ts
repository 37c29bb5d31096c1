import type { components } from '../api/schema'

/**
 * What the host's errors are called on a German page; on an English one its own sentence is shown. Complete by type: a
 * name that the host declares and this table lacks does not compile.
 */
export type ErrorName = components['schemas']['ErrorName']
export type TaskErrorName = components['schemas']['TaskFailure']['error']

const GERMAN: Record<ErrorName, string> = {
  AgentAlreadyExists: 'Ein Agent mit diesem Rechnernamen ist schon angemeldet. Nehmen Sie einen anderen Namen, oder entfernen Sie zuerst den alten Agenten.',
  AgentIsPlaceholder: 'Dieser Agent ist übernommen worden, und auf seinem Rechner läuft noch keiner. Melden Sie dort restic-agent mit diesem Rechnernamen an.',
  AgentNotFound: 'Diesen Agenten gibt es nicht, oder nicht mehr.',
  BackupRunNotFound: 'Diesen Backup-Lauf gibt es nicht.',
  Conflict: 'Jemand anderes hat im selben Moment dasselbe geändert. Laden Sie neu und entscheiden Sie noch einmal.',
  DirectPollForbidden: 'Dieser Server darf nach dem Repository nicht selbst sehen. Bitten Sie seinen Betreiber um die Einstellung, die der Wortlaut nennt, oder lassen Sie einen Agenten das Repository überwachen.',
  DatabaseError: 'Der Server erreicht seine Datenbank nicht. Versuchen Sie es noch einmal; hält es an, prüfen Sie die Datenbank.',
  ExpectationFailed: 'Der Server kennt diese Erwartung der Anfrage nicht.',
  FilesNotReachable: 'Der Server kann die Dateien dieses Snapshots nicht auflisten. Tun Sie es dort, wo das Repository erreichbar ist: restic ls.',
  HeaderTooLarge: 'Der Kopf der Anfrage ist zu groß.',
  IdempotencyAnswerLost: 'Die erste Anfrage wurde ausgeführt, ihre Antwort ging verloren. Laden Sie neu; es wurde nichts doppelt getan.',
  IdempotencyKeyInUse: 'Die erste Anfrage dieser Art läuft noch. Versuchen Sie es gleich noch einmal.',
  IdempotencyKeyReused: 'Dieser Schlüssel gehört zu einer anderen Anfrage. Senden Sie für jede Änderung einen neuen.',
  InsufficientPermissions: 'Das darf Ihre Rolle nicht. Fragen Sie einen Administrator des Mandanten.',
  InternalError: 'Der Server ist gescheitert. Sein Protokoll nennt den Grund.',
  InvalidCronExpression: 'Der Zeitplan ist kein Cron-Ausdruck. Schreiben Sie fünf Felder: Minute Stunde Tag Monat Wochentag.',
  InvalidParameters: 'Die Angaben zur Aufgabe sind so nicht gültig.',
  InvalidRegistrationToken: 'Das Anmelde-Token ist falsch, verbraucht oder abgelaufen. Erzeugen Sie ein neues.',
  InvalidToken: 'Die Anmeldung fehlt, ist falsch oder abgelaufen. Bitte melden Sie sich neu an.',
  InvitationNotFound: 'Diese Einladung gibt es nicht, oder nicht mehr. Bitten Sie um eine neue.',
  LastAdmin: 'Der Mandant stünde ohne Administrator da. Machen Sie zuerst jemand anderen zum Administrator.',
  LeaseLost: 'Ein anderer Server hat diese Arbeit übernommen.',
  MalformedRequest: 'Die Anfrage ist nicht lesbar.',
  MethodNotAllowed: 'Diese Adresse nimmt diese Art von Anfrage nicht.',
  NotFound: 'Unter dieser Adresse ist nichts.',
  NotImplemented: 'Der Server kennt diese Methode oder Kodierung nicht.',
  PasswordChanging: 'Das Passwort des Repositorys wird gerade geändert. Warten Sie, bis das zu Ende ist, oder brechen Sie dessen Aufgabe ab.',
  PasswordElsewhere: 'Das Passwort dieses Repositorys lässt sich von hier nicht ändern: Es steht in einer Datei auf dem Rechner, oder das Repository ist ein Pfad auf den Platten mehrerer Rechner. Ändern Sie es dort.',
  PayloadTooLarge: 'Das ist mehr, als diese Adresse auf einmal nimmt. Senden Sie weniger.',
  NotADump: 'Dieser Snapshot ist kein Dump einer Datenbank. Wählen Sie einen, den ein Dump-Plugin gemacht hat.',
  IsADump: 'Dieser Snapshot ist der Dump einer Datenbank und hält keine Dateien. Spielen Sie die Datenbank zurück.',
  PluginNotFound: 'Dieses Plugin hat der Agent nicht. Installieren Sie es auf dem Rechner; der Agent meldet es von selbst.',
  PluginSetOnMachine: 'Die Einstellungen dieses Plugins stehen in der Konfigurationsdatei des Agenten. Ändern Sie sie dort.',
  PluginNotAvailable: 'Der Agent hat ein Plugin nicht, das die Richtlinie verlangt. Installieren Sie es auf dem Rechner, oder nehmen Sie es aus der Richtlinie.',
  PolicyAlreadyExists: 'Eine Richtlinie dieses Namens gibt es schon. Wählen Sie einen anderen Namen.',
  PolicyInUse: 'Die Richtlinie wird noch benutzt. Lösen Sie zuerst ihre Agenten, und warten Sie ihre Aufgaben ab.',
  AgentOffline: 'Der Agent ist nicht verbunden. Starten Sie ihn, oder wählen Sie einen, der online ist.',
  PolicyNotLinked: 'Die Richtlinie ist mit diesem Agenten nicht verknüpft. Verknüpfen Sie beide zuerst, oder nehmen Sie einen anderen Agenten.',
  SnapshotPinned: 'Dieser Snapshot ist angeheftet und bleibt. Lösen Sie ihn zuerst.',
  PolicyAssigned: 'Die Richtlinie weist sich diesem Agenten selbst zu. Ändern Sie seine Schlagworte oder die Zuweisung der Richtlinie; die Verknüpfung endet dann von selbst.',
  PolicyNotFound: 'Diese Richtlinie gibt es nicht, oder nicht mehr.',
  PreconditionFailed: 'Jemand hat das geändert, seit Sie es gelesen haben. Laden Sie neu, und wiederholen Sie Ihre Änderung, wenn sie noch stimmt.',
  RangeNotSatisfiable: 'So viele Bytes hat die Datei nicht.',
  RateLimitExceeded: 'Zu viele Anfragen. Warten Sie einen Moment.',
  RegistrationTokenNotFound: 'Dieses Anmelde-Token gibt es nicht, oder es gilt nicht mehr.',
  RepositoryAlreadyExists: 'Ein Repository dieses Namens gibt es schon. Wählen Sie einen anderen Namen.',
  RepositoryInUse: 'Das Repository wird noch benutzt. Geben Sie seinen Richtlinien und Zielen zuerst ein anderes.',
  RepositoryMissing: 'Es fehlt, wohin gesichert wird. Geben Sie der Richtlinie ein Repository, oder nennen Sie eines in der Konfiguration des Agenten.',
  RepositoryNotFound: 'Dieses Repository gibt es nicht, oder nicht mehr.',
  RepositoryUnreachable: 'Der Agent erreicht dieses Repository nicht, oder kein Agent arbeitet damit. Wählen Sie eines, das alle Agenten der Richtlinie erreichen, oder je Rechner eine Richtlinie.',
  RequestTimeout: 'Die Anfrage kam nicht rechtzeitig an.',
  ResultIncomplete: 'Das Ergebnis der Aufgabe ist noch nicht ganz angekommen; der Agent schickt, was fehlt.',
  RepositoryAppendOnly: 'Die Agenten dürfen in dieses Repository nur hinzufügen. Nennen Sie keinen Agenten oder den, der es pflegt; hat es keinen, legen Sie einen fest.',
  ResultTooLarge: 'Das Ergebnis der Aufgabe ist größer, als der Host annimmt. Verlangen Sie weniger, oder erhöhen Sie dort restic.tasks.result_mib.',
  RetentionNotConfirmed: 'Die neuen Regeln behalten weniger als die alten. Sehen Sie mit einer Vorschau nach, was sie entfernen, oder bestätigen Sie, dass entfernt werden darf.',
  RetentionConflict: 'Mit diesen Regeln würde nichts aufbewahrt. Mindestens eine Zahl muss größer als null sein und keine kleiner.',
  SnapshotNotFound: 'Diesen Snapshot gibt es nicht.',
  StaleAttempt: 'Der Bericht gehört zu einem älteren Versuch dieser Aufgabe.',
  TargetAlreadyExists: 'Ein Ziel dieses Namens gibt es schon. Wählen Sie einen anderen Namen.',
  TargetOfAgent: 'Das Ziel gehört zur Richtlinie eines Agenten. Lösen Sie stattdessen den Agenten von der Richtlinie.',
  TargetNotFound: 'Dieses Ziel gibt es nicht.',
  TaskAlreadyFinished: 'Die Aufgabe ist schon zu Ende.',
  TaskNotFound: 'Diese Aufgabe gibt es nicht.',
  TenantChoiceRequired: 'Sie gehören zu mehreren Mandanten. Wählen Sie einen.',
  TenantLimitReached: 'Die Grenze des Mandanten ist erreicht. Entfernen Sie, was nicht gebraucht wird, oder lassen Sie sie anheben.',
  TenantNotFound: 'Diesen Mandanten gibt es nicht.',
  TokenExpired: 'Das Token des Agenten ist abgelaufen. Melden Sie ihn neu an: restic-agent enroll.',
  TokenNotFound: 'Dieses API-Token gibt es nicht.',
  TokenRevoked: 'Der Agent wurde entfernt. Melden Sie ihn neu an: restic-agent enroll.',
  TooManyInvitations: 'Zu viele Einladungen sind offen. Ziehen Sie die zurück, die niemand annehmen wird.',
  Unavailable: 'Der Server kann gerade nicht antworten. Versuchen Sie es gleich noch einmal.',
  UnsupportedMediaType: 'Der Inhalt hat die falsche Art; erwartet wird JSON.',
  UriTooLong: 'Die Adresse ist zu lang.',
  UserAlreadyExists: 'Diese E-Mail-Adresse ist schon vergeben.',
  UserNotFound: 'Diesen Benutzer gibt es nicht.',
  ValidationError: 'Einige Angaben stimmen nicht.',
  VersionNotSupported: 'Der Server spricht diese Fassung von HTTP nicht.',
}

/** Why a task failed, and what to do about it. */
const GERMAN_OF_TASKS: Record<TaskErrorName, [meaning: string, hint: string]> = {
  ResticNotFound: ['restic ist auf dem Rechner nicht installiert.', 'Installieren Sie restic auf dem Rechner, oder nennen Sie es in der Konfiguration des Agenten unter restic.binary.'],
  SourceNotFound: ['Keiner der zu sichernden Pfade existiert.', 'Berichtigen Sie die Pfade der Richtlinie, oder hängen Sie ein, was fehlt.'],
  RepositoryNotFound: ['An diesem Ort ist kein Repository.', 'Prüfen Sie die Adresse des Repositorys und ob seine Platte eingehängt ist; ein Repository, das einmal ging, wird nie von selbst neu angelegt.'],
  BucketNotFound: ['Im Speicher gibt es keinen Bucket oder Container dieses Namens.', 'Legen Sie ihn an, oder berichtigen Sie seinen Namen in der Adresse des Repositorys.'],
  RepositoryLocked: ['Ein anderer Prozess hält das Repository gesperrt.', 'Warten Sie, bis der andere fertig ist; ist er gestorben, starten Sie eine Aufgabe „unlock“, spätestens eine halbe Stunde danach.'],
  AuthenticationFailed: ['Das Passwort des Repositorys ist falsch.', 'Berichtigen Sie das Passwort oder die Passwortdatei des Repositorys.'],
  InvalidCredentials: ['Der Speicher hat die Zugangsdaten abgelehnt.', 'Berichtigen Sie Schlüssel oder Benutzer des Speichers.'],
  SSHKeyInvalid: ['Der Speicher hat den SSH-Schlüssel abgelehnt, oder der Schlüssel ist nicht brauchbar.', 'Hinterlegen Sie den öffentlichen Schlüssel des Rechners beim Speicher, oder berichtigen Sie key_file des Repositorys und ihre Rechte.'],
  CertificateError: ['Dem Zertifikat des Speichers wird nicht vertraut.', 'Nennen Sie das CA-Zertifikat als cert_file des Repositorys.'],
  NetworkError: ['Der Speicher ist nicht erreichbar.', 'Prüfen Sie Netz, Namensauflösung und Firewall zwischen Agent und Speicher.'],
  NetworkUnreachable: ['Vom Agenten führt kein Weg in das Netz des Speichers.', 'Prüfen Sie das Netz des Agenten, seine Routen und seine Firewall.'],
  NetworkTimeout: ['Der Speicher hat nicht rechtzeitig geantwortet.', 'Prüfen Sie das Netz zwischen Agent und Speicher, und wie beschäftigt der Speicher ist.'],
  BackendUnsupported: ['Das restic des Agenten wurde ohne diese Art von Speicher gebaut.', 'Installieren Sie ein restic, das sie kennt, etwa das des restic-Projekts selbst, und nennen Sie es in der Konfiguration des Agenten unter restic.binary.'],
  BackendUnavailable: ['Der Speicher nimmt keine Verbindung an oder meldet, dass er nicht verfügbar ist.', 'Sehen Sie nach, ob der Dienst des Speichers läuft, und was er selbst meldet.'],
  OutOfDiskSpace: ['Eine Platte ist voll.', 'Schaffen Sie Platz auf der Platte des Repositorys oder des Zwischenspeichers des Agenten.'],
  QuotaExceeded: ['Das Kontingent des Speichers ist aufgebraucht.', 'Erhöhen Sie das Kontingent, oder entfernen Sie Snapshots mit „forget“ und „prune“.'],
  OutOfMemory: ['restic hatte zu wenig Arbeitsspeicher.', 'Geben Sie dem Rechner oder dem Dienst des Agenten mehr Speicher, oder verkleinern Sie das Repository mit „prune“.'],
  PermissionDenied: ['Der Benutzer des Agenten darf eine Datei nicht lesen oder schreiben.', 'Geben Sie dem Benutzer des Agenten Zugriff, oder lassen Sie den Agenten als root laufen.'],
  CommandTimeout: ['Die Aufgabe dauerte länger, als ihre Richtlinie erlaubt.', 'Erhöhen Sie die Zeitgrenze der Richtlinie, oder finden Sie heraus, was bremste.'],
  RepositoryCorrupted: ['restic hat Schäden im Repository gefunden.', 'Kein „prune“. Folgen Sie dem Rat von restic im Protokoll der Aufgabe, etwa rebuild-index oder repair, und holen Sie Verlorenes aus einer anderen Kopie.'],
  CommandFailed: ['restic ist gescheitert.', 'Lesen Sie das Protokoll der Aufgabe; seine letzten Zeilen sind restics eigene Worte.'],
  Interrupted: ['restic endete ohne Ergebnis.', 'Suchen Sie nach einem Neustart oder dem Out-of-Memory-Killer des Kernels zu dieser Zeit; der nächste Lauf beginnt neu.'],
  UnsupportedTask: ['Dieser Agent kennt diese Art von Aufgabe nicht.', 'Aktualisieren Sie den Agenten.'],
  InvalidTask: ['Die Angaben der Aufgabe sind nicht brauchbar.', 'Berichtigen Sie in der Richtlinie oder Anfrage, was der Wortlaut nennt.'],
  TaskTimeout: ['Vom Agenten war länger nichts zu hören, als die Aufgabe dauern darf.', 'Sehen Sie nach dem Agenten; geht es ihm gut, starten Sie das Backup noch einmal.'],
  RetentionHeld: ['Nach einem zweifelhaften Backup wird nichts entfernt.', 'Sehen Sie sich das letzte Backup an; das nächste, das gelingt, gibt es wieder frei.'],
  HookFailed: ['Was vor dem Backup laufen sollte, ist nicht gelungen', 'Lesen Sie das Protokoll der Aufgabe: Darin steht, was das Programm geschrieben hat'],
  PluginFailed: ['Ein Dump-Plugin hat seinen Teil nicht getan.', 'Lesen Sie den Wortlaut und das Protokoll der Aufgabe; testen Sie das Plugin auf der Seite des Agenten oder mit restic-agent plugin test.'],
  ForbiddenOnMachine: ['Die Regeln des Rechners selbst verbieten das.', 'Fragen Sie, wer den Rechner verwaltet; die Regeln stehen dort in der Datei local-policy.yaml.'],
  ResticTooOld: ['Das restic des Rechners kann das nicht.', 'Installieren Sie dort das restic, das der Wortlaut nennt, oder verlangen Sie es nicht.'],
  LinkInTheWay: ['Eine Verknüpfung im Weg würde die Wiederherstellung woandershin leiten.', 'Stellen Sie in einen neuen Ordner wieder her, oder entfernen Sie die Verknüpfung.'],
  NotInSnapshot: ['Was angesehen werden sollte, ist nicht da.', 'Sehen Sie von oben nach, was in dem Snapshot ist; listen Sie die Snapshots des Repositorys auf, falls er weg sein könnte.'],
  NothingToRestore: ['Keiner dieser Pfade ist in dem Snapshot.', 'Sehen Sie nach, was in ihm ist; Pfade heißen dort wie auf dem Rechner, der ihn gemacht hat.'],
  RestoreIncomplete: ['Nicht alles konnte wiederhergestellt werden.', 'Lesen Sie, was die Aufgabe nennt, und ihr Protokoll; was dort nicht steht, ist wiederhergestellt.'],
  RestoreTestFailed: ['Was ein Restore-Test zurückgeholt hat, ist nicht, was der Snapshot sagt.', 'Lesen Sie, was die Aufgabe nennt, und ihr Protokoll, lassen Sie eine Prüfung die Daten des Repositorys lesen, und machen Sie ein neues Backup.'],
  ResultTooLarge: ['Das Ergebnis der Aufgabe ist größer, als der Host annimmt.', 'Verlangen Sie weniger, oder erhöhen Sie dort restic.tasks.result_mib.'],
  Cancelled: ['Die Aufgabe wurde abgebrochen.', 'Starten Sie sie noch einmal, wenn sie noch gebraucht wird.'],
  AgentRemoved: ['Der Agent wurde entfernt.', 'Melden Sie den Rechner neu an, und starten Sie die Aufgabe noch einmal.'],
  AgentFailure: ['Der Agent selbst ist gescheitert.', 'Lesen Sie das Protokoll des Agenten auf dem Rechner.'],
}

/** The sentence for an error of the API; "" where the host's own one is to be shown. */
export const germanOf = (name: string): string => (GERMAN as Record<string, string>)[name] ?? ''

export interface Failure {
  error: string
  message: string
  hint?: string
}
const ofTask = (name: string): [string, string] | undefined => (GERMAN_OF_TASKS as Record<string, [string, string]>)[name]
/** What a task's error means in the page's language; "" where its own words are all there is. */
export const meaningOf = (failure: Failure, language: string): string => (language === 'de' ? (ofTask(failure.error)?.[0] ?? '') : '')
export const hintOf = (failure: Failure, language: string): string => (language === 'de' ? (ofTask(failure.error)?.[1] ?? failure.hint ?? '') : (failure.hint ?? ''))
