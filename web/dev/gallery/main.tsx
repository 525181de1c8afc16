import { createRoot } from "react-dom/client";
import type { Site } from "../../src/api/portal";
import { type CallActions, CallView } from "../../src/call/view/CallView";
import type { Lead } from "../../src/call/view/useLead";
import { LanguageProvider } from "../../src/i18n";
import { applyTheme, storedTheme } from "../../src/theme";
import "../../src/styles/tokens.css";
import "../../src/styles/base.css";
import "../../src/styles/controls.css";
import "../../src/styles/pages.css";
import { verdictOf } from "../../src/devices/verdict";
import { Report } from "../../src/pages/CheckPage";
import { checks } from "./checks";
import { led, scenes } from "./people";

const nothing = async () => undefined;
const actions: CallActions = {
  toggle: nothing,
  setMicrophone: nothing,
  switchDevice: nothing,
  activeDevice: () => undefined,
  fallBack: nothing,
  microphone: () => undefined,
  suppressNoise: nothing,
  startAudio: nothing,
  dismissAlarms: () => undefined,
  recheckKeys: () => undefined,
  dismissRemoved: () => undefined,
  enlarge: () => undefined,
  leave: nothing,
};
const leading: Lead = {
  room: led,
  stale: false,
  actions: {
    admit: nothing,
    admitAll: nothing,
    deny: nothing,
    tell: nothing,
    mute: nothing,
    grantSpeech: nothing,
    grant: nothing,
    lowerHand: nothing,
    ask: nothing,
    moveBack: nothing,
    setCoOrganiser: nothing,
    remove: nothing,
    setRoom: nothing,
    stop: nothing,
    extend: nothing,
    end: nothing,
  },
};
const name = new URLSearchParams(location.search).get("scene") ?? "four";
const scene = scenes[name] ?? scenes["four"];
const in10Minutes = new Date(Date.now() + 600_000).toISOString();
const site: Site | undefined =
  name === "isolated" || name === "rehearsal"
    ? {
        name: "Beispielstandort",
        domain: "conf.lab.example",
        contact: "",
        mode: "isolated",
        mode_since: new Date(Date.now() - 1_200_000).toISOString(),
        mode_until: name === "rehearsal" ? in10Minutes : null,
      }
    : undefined;
const root = document.getElementById("root");
applyTheme(storedTheme());
const check = checks[name];
if (root && check)
  createRoot(root).render(
    <LanguageProvider site="de">
      <main className="main check">
        <h1>{name}</h1>
        <Report result={check} verdict={verdictOf(check)} domain="conf.lab.example" onRetry={() => undefined} />
      </main>
    </LanguageProvider>,
  );
else if (root && scene)
  createRoot(root).render(
    <LanguageProvider site="de">
      <CallView
        state={scene()}
        actions={actions}
        lead={name === "leading" ? leading : undefined}
        guard={{ asked: false, stay: () => undefined }}
        site={site}
        keyMadeHere={false}
      />
    </LanguageProvider>,
  );
