import type { Catalogue } from "./en";

export const peopleDe: Catalogue["people"] = {
  title: "Erwartete Personen",
  hint: "In der Lobby sehen Sie, wer erwartet wird. Wer sich mit der Mailadresse anmeldet, wird erkannt.",
  nobody: "Noch ist niemand benannt.",
  name: "Name",
  nameMissing: "Geben Sie einen Namen ein.",
  mail: "Mail (freiwillig)",
  mailWrong: "Das ist keine Mailadresse.",
  mailNeeded: "Wer mitorganisiert, wird an der Mailadresse seines Kontos erkannt.",
  role: "Rolle",
  roles: { guest: "Gast", speaker: "Vortrag", co_organiser: "Mitorganisation" },
  add: "Person hinzufügen",
  take: (name) => `${name} von der Liste nehmen`,
  full: "Auf der Liste stehen bereits 200 Personen.",
  account: "hat hier ein Konto",
  where: {
    absent: "nicht da",
    used: "persönlicher Link benutzt, nicht da",
    waiting: "wartet",
    inside: "in der Besprechung",
  },
  linkUnused: "persönlicher Link noch nicht benutzt",
  linkNone: "kein persönlicher Link",
  makeLink: "Persönlichen Link kopieren",
  makeLinkFor: (name) => `Persönlichen Link für ${name} kopieren`,
  replaceLink: "Neuer persönlicher Link",
  replaceLinkFor: (name) => `Neuer persönlicher Link für ${name}`,
  revoke: "Link widerrufen",
  revokeFor: (name) => `Link von ${name} widerrufen`,
  linkCopied: (name) =>
    `Der persönliche Link von ${name} ist kopiert. Er gilt auf einem Gerät und ohne PIN. Er lässt sich nicht noch einmal anzeigen; ein neuer macht ihn ungültig.`,
  linkShown: (name) =>
    `Das ist der persönliche Link von ${name}. Kopieren Sie ihn jetzt: Er lässt sich nicht noch einmal anzeigen. Er gilt auf einem Gerät und ohne PIN.`,
  linkOf: (name) => `Persönlicher Link von ${name}`,
  revoked: (name) => `Der persönliche Link von ${name} gilt nicht mehr.`,
  noKey: "Persönliche Links enthalten den Schlüssel, und der ist nicht auf diesem Gerät.",
  floorWaits: "Auf alle Erwarteten warten",
  floorWaitsHint: "Bis alle da sind oder Sie das Wort freigeben, kann nur die Organisation sprechen.",
  floorWaitsFor: (names) => `Wird von selbst freigegeben, wenn diese Personen da sind: ${names}`,
  expected: {
    account: "erwartet",
    link: "erwartet, persönlicher Link",
    name: "Name steht auf der Liste, nicht geprüft",
  },
  admitExpected: (n) => `Alle Erwarteten einlassen (${n})`,
  yourLink:
    "Sie haben einen persönlichen Link. Die Organisation weiß, wem er gehört: Sie brauchen weder Namen noch PIN.",
  personalOnly:
    "Gäste nehmen an dieser Besprechung nur mit einem persönlichen Link teil. Öffnen Sie Ihren, oder melden Sie sich an.",
  copyInvitation: "Einladung kopieren",
  invitationCopied: "Einladung kopiert",
  invitationHint: "Titel, Zeit und Link für eine Nachricht. Die PIN gehört nicht dazu.",
  invitation: (title, when, link, pin) =>
    [
      `Sie sind zu „${title}“ eingeladen.`,
      `Wann: ${when}`,
      `Link: ${link}`,
      "Der Link enthält den Schlüssel der Besprechung. Geben Sie ihn nicht weiter.",
      ...(pin ? ["Ohne Konto brauchen Sie auch eine PIN. Sie erhalten sie auf einem anderen Weg."] : []),
    ].join("\n"),
  newLink: "Neuen Link erstellen",
  newLinkTitle: "Einen neuen Link für diese Besprechung erstellen?",
  newLinkText:
    "Dieser Browser erzeugt einen neuen Schlüssel. Wer den alten Link hat, erfährt, dass er veraltet ist, und braucht den neuen von Ihnen. Persönliche Links müssen Sie neu erstellen.",
  newLinkPresent: (n) =>
    n === 1
      ? "1 Person ist gerade in der Besprechung und wird getrennt."
      : `${n} Personen sind gerade in der Besprechung und werden getrennt.`,
  newLinkHere: "Wenn Sie den Browser nicht mehr haben, in dem Sie geplant haben, erstellen Sie hier einen neuen Link.",
  oldKeyTitle: "Es gibt einen neueren Link",
  oldKeyMine:
    "Sie haben in einem anderen Browser einen neuen Link erstellt. Der auf diesem Gerät ist veraltet. Öffnen Sie die Besprechung dort, öffnen Sie den neuen Link hier, oder erstellen Sie einen weiteren.",
  oldKeyOther: "Die Organisation hat einen neuen Link erstellt. Fragen Sie danach und öffnen Sie ihn hier.",
  linkReplaces:
    "Der Link, den Sie geöffnet haben, gilt als neuer als der in diesem Browser erzeugte; verwendet wird sein Schlüssel. Wer die Besprechung kennt, kann einen solchen Link senden. Haben Sie selbst keinen neuen Link erstellt, geben Sie diesen nicht weiter und erstellen Sie auf der Seite der Besprechung einen neuen.",
  repeat: "Wiederholung",
  repeats: {
    never: "Keine Wiederholung",
    daily: "Täglich",
    weekly: "Wöchentlich",
    fortnightly: "Alle zwei Wochen",
    monthly: "Monatlich",
  },
  until: "Letzter Tag",
  untilMissing: "Geben Sie das vollständige Datum ein.",
  repetitions: (n) => `${n} Besprechungen, jede mit eigenem Link und eigener PIN.`,
  repetitionsMost: (n) => `Nur die ersten ${n} werden geplant.`,
  repetitionsNone: "Bis zu diesem Tag wiederholt sie sich nicht.",
  following: "Auch die folgenden Wiederholungen ändern",
  followingHint: "Titel, Dauer und Stufe werden gleich, die Zeiten verschieben sich um ebenso viel.",
  removeFollowing: "Auch die folgenden Wiederholungen löschen",
  ofSeries: "Teil einer Reihe",
};

export const linkErrorsDe: Pick<Catalogue["errorPage"], "linkVoid" | "linkUsed" | "linkRenewed"> = {
  linkVoid: {
    title: "Dieser persönliche Link gilt nicht",
    text: "Er wurde widerrufen oder durch einen anderen ersetzt, oder die Besprechung ist vorbei.",
    todo: "Suchen Sie nach einer neueren Einladung, oder bitten Sie die Organisation um einen neuen Link.",
  },
  linkUsed: {
    title: "Dieser persönliche Link wird auf einem anderen Gerät benutzt",
    text: "Ein persönlicher Link gilt auf dem ersten Gerät und im ersten Browser, in dem er geöffnet wurde.",
    todo: "Öffnen Sie ihn dort. Ist das nicht möglich oder waren Sie das nicht, sagen Sie es der Organisation. Sie kann Ihnen einen neuen Link erstellen.",
  },
  linkRenewed: {
    title: "Für diese Besprechung gibt es einen neueren Link",
    text: "Die Organisation hat einen neuen Link erstellt. Mit diesem könnten Sie niemanden sehen oder hören.",
    todo: "Suchen Sie nach einer neueren Einladung, oder bitten Sie die Organisation um den neuen Link.",
  },
};
